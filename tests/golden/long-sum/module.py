"""Forward and backward pass, compiled by gradc.

    x: [33]
    cos(x[0]) + cos(x[1]) + cos(x[2]) + cos(x[3]) + cos(x[4]) + cos(x[5]) + cos(x[6]) + cos(x[7]) + cos(x[8]) + cos(x[9]) + cos(x[10]) + cos(x[11]) + cos(x[12]) + cos(x[13]) + cos(x[14]) + cos(x[15]) + cos(x[16]) + cos(x[17]) + cos(x[18]) + cos(x[19]) + cos(x[20]) + cos(x[21]) + cos(x[22]) + cos(x[23]) + cos(x[24]) + cos(x[25]) + cos(x[26]) + cos(x[27]) + cos(x[28]) + cos(x[29]) + cos(x[30]) + cos(x[31]) + cos(x[32])

Inputs: x: (33,) (arrays).
Gradient with respect to: x.
Operations: forward 65, backward 100; together 2.54 times the forward pass alone.
"""

import numpy as np


def forward(x):
    x = as_array("x", x, 33)
    cosx0 = np.cos(x[0])  # (1)
    cosx1 = np.cos(x[1])  # (2)
    total = cosx0 + cosx1  # (3)
    cosx2 = np.cos(x[2])  # (4)
    total2 = total + cosx2  # (5)
    cosx3 = np.cos(x[3])  # (6)
    total3 = total2 + cosx3  # (7)
    cosx4 = np.cos(x[4])  # (8)
    total4 = total3 + cosx4  # (9)
    cosx5 = np.cos(x[5])  # (10)
    total5 = total4 + cosx5  # (11)
    cosx6 = np.cos(x[6])  # (12)
    total6 = total5 + cosx6  # (13)
    cosx7 = np.cos(x[7])  # (14)
    total7 = total6 + cosx7  # (15)
    cosx8 = np.cos(x[8])  # (16)
    total8 = total7 + cosx8  # (17)
    cosx9 = np.cos(x[9])  # (18)
    total9 = total8 + cosx9  # (19)
    cosx10 = np.cos(x[10])  # (20)
    total10 = total9 + cosx10  # (21)
    cosx11 = np.cos(x[11])  # (22)
    total11 = total10 + cosx11  # (23)
    cosx12 = np.cos(x[12])  # (24)
    total12 = total11 + cosx12  # (25)
    cosx13 = np.cos(x[13])  # (26)
    total13 = total12 + cosx13  # (27)
    cosx14 = np.cos(x[14])  # (28)
    total14 = total13 + cosx14  # (29)
    cosx15 = np.cos(x[15])  # (30)
    total15 = total14 + cosx15  # (31)
    cosx16 = np.cos(x[16])  # (32)
    total16 = total15 + cosx16  # (33)
    cosx17 = np.cos(x[17])  # (34)
    total17 = total16 + cosx17  # (35)
    cosx18 = np.cos(x[18])  # (36)
    total18 = total17 + cosx18  # (37)
    cosx19 = np.cos(x[19])  # (38)
    total19 = total18 + cosx19  # (39)
    cosx20 = np.cos(x[20])  # (40)
    total20 = total19 + cosx20  # (41)
    cosx21 = np.cos(x[21])  # (42)
    total21 = total20 + cosx21  # (43)
    cosx22 = np.cos(x[22])  # (44)
    total22 = total21 + cosx22  # (45)
    cosx23 = np.cos(x[23])  # (46)
    total23 = total22 + cosx23  # (47)
    cosx24 = np.cos(x[24])  # (48)
    total24 = total23 + cosx24  # (49)
    cosx25 = np.cos(x[25])  # (50)
    total25 = total24 + cosx25  # (51)
    cosx26 = np.cos(x[26])  # (52)
    total26 = total25 + cosx26  # (53)
    cosx27 = np.cos(x[27])  # (54)
    total27 = total26 + cosx27  # (55)
    cosx28 = np.cos(x[28])  # (56)
    total28 = total27 + cosx28  # (57)
    cosx29 = np.cos(x[29])  # (58)
    total29 = total28 + cosx29  # (59)
    cosx30 = np.cos(x[30])  # (60)
    total30 = total29 + cosx30  # (61)
    cosx31 = np.cos(x[31])  # (62)
    total31 = total30 + cosx31  # (63)
    cosx32 = np.cos(x[32])  # (64)
    f = total31 + cosx32  # (65)
    return f, (x,)


def backward(cache, df=1.0):
    (x,) = cache
    # f = total31 + cosx32  (65)
    dtotal31 = df
    dcosx32 = df
    # cosx32 = np.cos(x[32])  (64)
    dx = np.zeros_like(x)
    dx[32] -= np.sin(x[32])*dcosx32
    # total31 = total30 + cosx31  (63)
    dtotal30 = dtotal31
    dcosx31 = dtotal31
    # cosx31 = np.cos(x[31])  (62)
    dx[31] -= np.sin(x[31])*dcosx31
    # total30 = total29 + cosx30  (61)
    dtotal29 = dtotal30
    dcosx30 = dtotal30
    # cosx30 = np.cos(x[30])  (60)
    dx[30] -= np.sin(x[30])*dcosx30
    # total29 = total28 + cosx29  (59)
    dtotal28 = dtotal29
    dcosx29 = dtotal29
    # cosx29 = np.cos(x[29])  (58)
    dx[29] -= np.sin(x[29])*dcosx29
    # total28 = total27 + cosx28  (57)
    dtotal27 = dtotal28
    dcosx28 = dtotal28
    # cosx28 = np.cos(x[28])  (56)
    dx[28] -= np.sin(x[28])*dcosx28
    # total27 = total26 + cosx27  (55)
    dtotal26 = dtotal27
    dcosx27 = dtotal27
    # cosx27 = np.cos(x[27])  (54)
    dx[27] -= np.sin(x[27])*dcosx27
    # total26 = total25 + cosx26  (53)
    dtotal25 = dtotal26
    dcosx26 = dtotal26
    # cosx26 = np.cos(x[26])  (52)
    dx[26] -= np.sin(x[26])*dcosx26
    # total25 = total24 + cosx25  (51)
    dtotal24 = dtotal25
    dcosx25 = dtotal25
    # cosx25 = np.cos(x[25])  (50)
    dx[25] -= np.sin(x[25])*dcosx25
    # total24 = total23 + cosx24  (49)
    dtotal23 = dtotal24
    dcosx24 = dtotal24
    # cosx24 = np.cos(x[24])  (48)
    dx[24] -= np.sin(x[24])*dcosx24
    # total23 = total22 + cosx23  (47)
    dtotal22 = dtotal23
    dcosx23 = dtotal23
    # cosx23 = np.cos(x[23])  (46)
    dx[23] -= np.sin(x[23])*dcosx23
    # total22 = total21 + cosx22  (45)
    dtotal21 = dtotal22
    dcosx22 = dtotal22
    # cosx22 = np.cos(x[22])  (44)
    dx[22] -= np.sin(x[22])*dcosx22
    # total21 = total20 + cosx21  (43)
    dtotal20 = dtotal21
    dcosx21 = dtotal21
    # cosx21 = np.cos(x[21])  (42)
    dx[21] -= np.sin(x[21])*dcosx21
    # total20 = total19 + cosx20  (41)
    dtotal19 = dtotal20
    dcosx20 = dtotal20
    # cosx20 = np.cos(x[20])  (40)
    dx[20] -= np.sin(x[20])*dcosx20
    # total19 = total18 + cosx19  (39)
    dtotal18 = dtotal19
    dcosx19 = dtotal19
    # cosx19 = np.cos(x[19])  (38)
    dx[19] -= np.sin(x[19])*dcosx19
    # total18 = total17 + cosx18  (37)
    dtotal17 = dtotal18
    dcosx18 = dtotal18
    # cosx18 = np.cos(x[18])  (36)
    dx[18] -= np.sin(x[18])*dcosx18
    # total17 = total16 + cosx17  (35)
    dtotal16 = dtotal17
    dcosx17 = dtotal17
    # cosx17 = np.cos(x[17])  (34)
    dx[17] -= np.sin(x[17])*dcosx17
    # total16 = total15 + cosx16  (33)
    dtotal15 = dtotal16
    dcosx16 = dtotal16
    # cosx16 = np.cos(x[16])  (32)
    dx[16] -= np.sin(x[16])*dcosx16
    # total15 = total14 + cosx15  (31)
    dtotal14 = dtotal15
    dcosx15 = dtotal15
    # cosx15 = np.cos(x[15])  (30)
    dx[15] -= np.sin(x[15])*dcosx15
    # total14 = total13 + cosx14  (29)
    dtotal13 = dtotal14
    dcosx14 = dtotal14
    # cosx14 = np.cos(x[14])  (28)
    dx[14] -= np.sin(x[14])*dcosx14
    # total13 = total12 + cosx13  (27)
    dtotal12 = dtotal13
    dcosx13 = dtotal13
    # cosx13 = np.cos(x[13])  (26)
    dx[13] -= np.sin(x[13])*dcosx13
    # total12 = total11 + cosx12  (25)
    dtotal11 = dtotal12
    dcosx12 = dtotal12
    # cosx12 = np.cos(x[12])  (24)
    dx[12] -= np.sin(x[12])*dcosx12
    # total11 = total10 + cosx11  (23)
    dtotal10 = dtotal11
    dcosx11 = dtotal11
    # cosx11 = np.cos(x[11])  (22)
    dx[11] -= np.sin(x[11])*dcosx11
    # total10 = total9 + cosx10  (21)
    dtotal9 = dtotal10
    dcosx10 = dtotal10
    # cosx10 = np.cos(x[10])  (20)
    dx[10] -= np.sin(x[10])*dcosx10
    # total9 = total8 + cosx9  (19)
    dtotal8 = dtotal9
    dcosx9 = dtotal9
    # cosx9 = np.cos(x[9])  (18)
    dx[9] -= np.sin(x[9])*dcosx9
    # total8 = total7 + cosx8  (17)
    dtotal7 = dtotal8
    dcosx8 = dtotal8
    # cosx8 = np.cos(x[8])  (16)
    dx[8] -= np.sin(x[8])*dcosx8
    # total7 = total6 + cosx7  (15)
    dtotal6 = dtotal7
    dcosx7 = dtotal7
    # cosx7 = np.cos(x[7])  (14)
    dx[7] -= np.sin(x[7])*dcosx7
    # total6 = total5 + cosx6  (13)
    dtotal5 = dtotal6
    dcosx6 = dtotal6
    # cosx6 = np.cos(x[6])  (12)
    dx[6] -= np.sin(x[6])*dcosx6
    # total5 = total4 + cosx5  (11)
    dtotal4 = dtotal5
    dcosx5 = dtotal5
    # cosx5 = np.cos(x[5])  (10)
    dx[5] -= np.sin(x[5])*dcosx5
    # total4 = total3 + cosx4  (9)
    dtotal3 = dtotal4
    dcosx4 = dtotal4
    # cosx4 = np.cos(x[4])  (8)
    dx[4] -= np.sin(x[4])*dcosx4
    # total3 = total2 + cosx3  (7)
    dtotal2 = dtotal3
    dcosx3 = dtotal3
    # cosx3 = np.cos(x[3])  (6)
    dx[3] -= np.sin(x[3])*dcosx3
    # total2 = total + cosx2  (5)
    dtotal = dtotal2
    dcosx2 = dtotal2
    # cosx2 = np.cos(x[2])  (4)
    dx[2] -= np.sin(x[2])*dcosx2
    # total = cosx0 + cosx1  (3)
    dcosx0 = dtotal
    dcosx1 = dtotal
    # cosx1 = np.cos(x[1])  (2)
    dx[1] -= np.sin(x[1])*dcosx1
    # cosx0 = np.cos(x[0])  (1)
    dx[0] -= np.sin(x[0])*dcosx0
    return {"x": dx}


def value_and_grad(x):
    f, cache = forward(x)
    return f, backward(cache)


def as_array(name, x, *shape):
    """The input as an array of floats of the given shape, in which a name stands for any size, the same throughout."""
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiub" or isinstance(given, np.ma.MaskedArray):
        raise TypeError(f"{name}: real numbers are expected, not {type(given)} of {x.dtype}")
    wrong = any(want != size and type(want) is not str for want, size in zip(shape, x.shape))
    if x.ndim != len(shape) or wrong or len(set(zip(shape, x.shape))) > len(set(shape)):
        raise ValueError(f"{name}: shape ({', '.join(map(str, shape))}) is expected, not {x.shape}")
    return x if x.dtype.kind == "f" else x.astype(float)
