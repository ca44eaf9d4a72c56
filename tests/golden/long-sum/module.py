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
    cosx = np.cos(x[0])  # (1)  cosx: ()
    cosx2 = np.cos(x[1])  # (2)  cosx2: ()
    cosxpcosx2 = cosx + cosx2  # (3)  cosxpcosx2: ()
    cosx3 = np.cos(x[2])  # (4)  cosx3: ()
    total = cosxpcosx2 + cosx3  # (5)  total: ()
    cosx4 = np.cos(x[3])  # (6)  cosx4: ()
    total2 = total + cosx4  # (7)  total2: ()
    cosx5 = np.cos(x[4])  # (8)  cosx5: ()
    total3 = total2 + cosx5  # (9)  total3: ()
    cosx6 = np.cos(x[5])  # (10)  cosx6: ()
    total4 = total3 + cosx6  # (11)  total4: ()
    cosx7 = np.cos(x[6])  # (12)  cosx7: ()
    total5 = total4 + cosx7  # (13)  total5: ()
    cosx8 = np.cos(x[7])  # (14)  cosx8: ()
    total6 = total5 + cosx8  # (15)  total6: ()
    cosx9 = np.cos(x[8])  # (16)  cosx9: ()
    total7 = total6 + cosx9  # (17)  total7: ()
    cosx10 = np.cos(x[9])  # (18)  cosx10: ()
    total8 = total7 + cosx10  # (19)  total8: ()
    cosx11 = np.cos(x[10])  # (20)  cosx11: ()
    total9 = total8 + cosx11  # (21)  total9: ()
    cosx12 = np.cos(x[11])  # (22)  cosx12: ()
    total10 = total9 + cosx12  # (23)  total10: ()
    cosx13 = np.cos(x[12])  # (24)  cosx13: ()
    total11 = total10 + cosx13  # (25)  total11: ()
    cosx14 = np.cos(x[13])  # (26)  cosx14: ()
    total12 = total11 + cosx14  # (27)  total12: ()
    cosx15 = np.cos(x[14])  # (28)  cosx15: ()
    total13 = total12 + cosx15  # (29)  total13: ()
    cosx16 = np.cos(x[15])  # (30)  cosx16: ()
    total14 = total13 + cosx16  # (31)  total14: ()
    cosx17 = np.cos(x[16])  # (32)  cosx17: ()
    total15 = total14 + cosx17  # (33)  total15: ()
    cosx18 = np.cos(x[17])  # (34)  cosx18: ()
    total16 = total15 + cosx18  # (35)  total16: ()
    cosx19 = np.cos(x[18])  # (36)  cosx19: ()
    total17 = total16 + cosx19  # (37)  total17: ()
    cosx20 = np.cos(x[19])  # (38)  cosx20: ()
    total18 = total17 + cosx20  # (39)  total18: ()
    cosx21 = np.cos(x[20])  # (40)  cosx21: ()
    total19 = total18 + cosx21  # (41)  total19: ()
    cosx22 = np.cos(x[21])  # (42)  cosx22: ()
    total20 = total19 + cosx22  # (43)  total20: ()
    cosx23 = np.cos(x[22])  # (44)  cosx23: ()
    total21 = total20 + cosx23  # (45)  total21: ()
    cosx24 = np.cos(x[23])  # (46)  cosx24: ()
    total22 = total21 + cosx24  # (47)  total22: ()
    cosx25 = np.cos(x[24])  # (48)  cosx25: ()
    total23 = total22 + cosx25  # (49)  total23: ()
    cosx26 = np.cos(x[25])  # (50)  cosx26: ()
    total24 = total23 + cosx26  # (51)  total24: ()
    cosx27 = np.cos(x[26])  # (52)  cosx27: ()
    total25 = total24 + cosx27  # (53)  total25: ()
    cosx28 = np.cos(x[27])  # (54)  cosx28: ()
    total26 = total25 + cosx28  # (55)  total26: ()
    cosx29 = np.cos(x[28])  # (56)  cosx29: ()
    total27 = total26 + cosx29  # (57)  total27: ()
    cosx30 = np.cos(x[29])  # (58)  cosx30: ()
    total28 = total27 + cosx30  # (59)  total28: ()
    cosx31 = np.cos(x[30])  # (60)  cosx31: ()
    total29 = total28 + cosx31  # (61)  total29: ()
    cosx32 = np.cos(x[31])  # (62)  cosx32: ()
    total30 = total29 + cosx32  # (63)  total30: ()
    cosx33 = np.cos(x[32])  # (64)  cosx33: ()
    f = total30 + cosx33  # (65)  f: ()
    return f, (x,)


def backward(cache, df=1.0):
    (x,) = cache
    # f = total30 + cosx33  (65)
    dtotal30 = df  # dtotal30: ()
    dcosx33 = df  # dcosx33: ()
    # cosx33 = np.cos(x[32])  (64)
    dx = np.zeros_like(x)
    dx[32] -= np.sin(x[32])*dcosx33
    # total30 = total29 + cosx32  (63)
    dtotal29 = dtotal30  # dtotal29: ()
    dcosx32 = dtotal30  # dcosx32: ()
    # cosx32 = np.cos(x[31])  (62)
    dx[31] -= np.sin(x[31])*dcosx32
    # total29 = total28 + cosx31  (61)
    dtotal28 = dtotal29  # dtotal28: ()
    dcosx31 = dtotal29  # dcosx31: ()
    # cosx31 = np.cos(x[30])  (60)
    dx[30] -= np.sin(x[30])*dcosx31
    # total28 = total27 + cosx30  (59)
    dtotal27 = dtotal28  # dtotal27: ()
    dcosx30 = dtotal28  # dcosx30: ()
    # cosx30 = np.cos(x[29])  (58)
    dx[29] -= np.sin(x[29])*dcosx30
    # total27 = total26 + cosx29  (57)
    dtotal26 = dtotal27  # dtotal26: ()
    dcosx29 = dtotal27  # dcosx29: ()
    # cosx29 = np.cos(x[28])  (56)
    dx[28] -= np.sin(x[28])*dcosx29
    # total26 = total25 + cosx28  (55)
    dtotal25 = dtotal26  # dtotal25: ()
    dcosx28 = dtotal26  # dcosx28: ()
    # cosx28 = np.cos(x[27])  (54)
    dx[27] -= np.sin(x[27])*dcosx28
    # total25 = total24 + cosx27  (53)
    dtotal24 = dtotal25  # dtotal24: ()
    dcosx27 = dtotal25  # dcosx27: ()
    # cosx27 = np.cos(x[26])  (52)
    dx[26] -= np.sin(x[26])*dcosx27
    # total24 = total23 + cosx26  (51)
    dtotal23 = dtotal24  # dtotal23: ()
    dcosx26 = dtotal24  # dcosx26: ()
    # cosx26 = np.cos(x[25])  (50)
    dx[25] -= np.sin(x[25])*dcosx26
    # total23 = total22 + cosx25  (49)
    dtotal22 = dtotal23  # dtotal22: ()
    dcosx25 = dtotal23  # dcosx25: ()
    # cosx25 = np.cos(x[24])  (48)
    dx[24] -= np.sin(x[24])*dcosx25
    # total22 = total21 + cosx24  (47)
    dtotal21 = dtotal22  # dtotal21: ()
    dcosx24 = dtotal22  # dcosx24: ()
    # cosx24 = np.cos(x[23])  (46)
    dx[23] -= np.sin(x[23])*dcosx24
    # total21 = total20 + cosx23  (45)
    dtotal20 = dtotal21  # dtotal20: ()
    dcosx23 = dtotal21  # dcosx23: ()
    # cosx23 = np.cos(x[22])  (44)
    dx[22] -= np.sin(x[22])*dcosx23
    # total20 = total19 + cosx22  (43)
    dtotal19 = dtotal20  # dtotal19: ()
    dcosx22 = dtotal20  # dcosx22: ()
    # cosx22 = np.cos(x[21])  (42)
    dx[21] -= np.sin(x[21])*dcosx22
    # total19 = total18 + cosx21  (41)
    dtotal18 = dtotal19  # dtotal18: ()
    dcosx21 = dtotal19  # dcosx21: ()
    # cosx21 = np.cos(x[20])  (40)
    dx[20] -= np.sin(x[20])*dcosx21
    # total18 = total17 + cosx20  (39)
    dtotal17 = dtotal18  # dtotal17: ()
    dcosx20 = dtotal18  # dcosx20: ()
    # cosx20 = np.cos(x[19])  (38)
    dx[19] -= np.sin(x[19])*dcosx20
    # total17 = total16 + cosx19  (37)
    dtotal16 = dtotal17  # dtotal16: ()
    dcosx19 = dtotal17  # dcosx19: ()
    # cosx19 = np.cos(x[18])  (36)
    dx[18] -= np.sin(x[18])*dcosx19
    # total16 = total15 + cosx18  (35)
    dtotal15 = dtotal16  # dtotal15: ()
    dcosx18 = dtotal16  # dcosx18: ()
    # cosx18 = np.cos(x[17])  (34)
    dx[17] -= np.sin(x[17])*dcosx18
    # total15 = total14 + cosx17  (33)
    dtotal14 = dtotal15  # dtotal14: ()
    dcosx17 = dtotal15  # dcosx17: ()
    # cosx17 = np.cos(x[16])  (32)
    dx[16] -= np.sin(x[16])*dcosx17
    # total14 = total13 + cosx16  (31)
    dtotal13 = dtotal14  # dtotal13: ()
    dcosx16 = dtotal14  # dcosx16: ()
    # cosx16 = np.cos(x[15])  (30)
    dx[15] -= np.sin(x[15])*dcosx16
    # total13 = total12 + cosx15  (29)
    dtotal12 = dtotal13  # dtotal12: ()
    dcosx15 = dtotal13  # dcosx15: ()
    # cosx15 = np.cos(x[14])  (28)
    dx[14] -= np.sin(x[14])*dcosx15
    # total12 = total11 + cosx14  (27)
    dtotal11 = dtotal12  # dtotal11: ()
    dcosx14 = dtotal12  # dcosx14: ()
    # cosx14 = np.cos(x[13])  (26)
    dx[13] -= np.sin(x[13])*dcosx14
    # total11 = total10 + cosx13  (25)
    dtotal10 = dtotal11  # dtotal10: ()
    dcosx13 = dtotal11  # dcosx13: ()
    # cosx13 = np.cos(x[12])  (24)
    dx[12] -= np.sin(x[12])*dcosx13
    # total10 = total9 + cosx12  (23)
    dtotal9 = dtotal10  # dtotal9: ()
    dcosx12 = dtotal10  # dcosx12: ()
    # cosx12 = np.cos(x[11])  (22)
    dx[11] -= np.sin(x[11])*dcosx12
    # total9 = total8 + cosx11  (21)
    dtotal8 = dtotal9  # dtotal8: ()
    dcosx11 = dtotal9  # dcosx11: ()
    # cosx11 = np.cos(x[10])  (20)
    dx[10] -= np.sin(x[10])*dcosx11
    # total8 = total7 + cosx10  (19)
    dtotal7 = dtotal8  # dtotal7: ()
    dcosx10 = dtotal8  # dcosx10: ()
    # cosx10 = np.cos(x[9])  (18)
    dx[9] -= np.sin(x[9])*dcosx10
    # total7 = total6 + cosx9  (17)
    dtotal6 = dtotal7  # dtotal6: ()
    dcosx9 = dtotal7  # dcosx9: ()
    # cosx9 = np.cos(x[8])  (16)
    dx[8] -= np.sin(x[8])*dcosx9
    # total6 = total5 + cosx8  (15)
    dtotal5 = dtotal6  # dtotal5: ()
    dcosx8 = dtotal6  # dcosx8: ()
    # cosx8 = np.cos(x[7])  (14)
    dx[7] -= np.sin(x[7])*dcosx8
    # total5 = total4 + cosx7  (13)
    dtotal4 = dtotal5  # dtotal4: ()
    dcosx7 = dtotal5  # dcosx7: ()
    # cosx7 = np.cos(x[6])  (12)
    dx[6] -= np.sin(x[6])*dcosx7
    # total4 = total3 + cosx6  (11)
    dtotal3 = dtotal4  # dtotal3: ()
    dcosx6 = dtotal4  # dcosx6: ()
    # cosx6 = np.cos(x[5])  (10)
    dx[5] -= np.sin(x[5])*dcosx6
    # total3 = total2 + cosx5  (9)
    dtotal2 = dtotal3  # dtotal2: ()
    dcosx5 = dtotal3  # dcosx5: ()
    # cosx5 = np.cos(x[4])  (8)
    dx[4] -= np.sin(x[4])*dcosx5
    # total2 = total + cosx4  (7)
    dtotal = dtotal2  # dtotal: ()
    dcosx4 = dtotal2  # dcosx4: ()
    # cosx4 = np.cos(x[3])  (6)
    dx[3] -= np.sin(x[3])*dcosx4
    # total = cosxpcosx2 + cosx3  (5)
    dcosxpcosx2 = dtotal  # dcosxpcosx2: ()
    dcosx3 = dtotal  # dcosx3: ()
    # cosx3 = np.cos(x[2])  (4)
    dx[2] -= np.sin(x[2])*dcosx3
    # cosxpcosx2 = cosx + cosx2  (3)
    dcosx = dcosxpcosx2  # dcosx: ()
    dcosx2 = dcosxpcosx2  # dcosx2: ()
    # cosx2 = np.cos(x[1])  (2)
    dx[1] -= np.sin(x[1])*dcosx2
    # cosx = np.cos(x[0])  (1)
    dx[0] -= np.sin(x[0])*dcosx
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
