import numpy as np

def im2col(x, hh, ww, stride):
    N, C, H, W = x.shape
    oh = (H - hh)//stride + 1
    ow = (W - ww)//stride + 1
    col = np.zeros((N, oh*ow, C*hh*ww))
    for i in range(oh):
        for j in range(ow):
            patch = x[:, :, i*stride:i*stride+hh, j*stride:j*stride+ww]
            col[:, i*ow+j, :] = patch.reshape(N, -1)
    return col

def col2im(dcol, shape, hh, ww, stride):
    N, C, H, W = shape
    oh = (H - hh)//stride + 1
    ow = (W - ww)//stride + 1
    dx = np.zeros(shape)
    for i in range(oh):
        for j in range(ow):
            dpatch = dcol[:, i*ow+j, :].reshape(N, C, hh, ww)
            dx[:, :, i*stride:i*stride+hh, j*stride:j*stride+ww] += dpatch
    return dx

def conv_forward(x, w, b, stride=1, pad=1):
    N, C, H, W = x.shape
    F, _, hh, ww = w.shape
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), 'constant')
    cols = im2col(xp, hh, ww, stride)
    res = cols @ w.reshape(F, -1).T + b
    oh = (H + 2*pad - hh)//stride + 1
    out = res.transpose(0, 2, 1).reshape(N, F, oh, -1)
    return out, (cols, xp.shape, w, stride, pad)

def conv_backward(dout, cache):
    cols, shape, w, stride, pad = cache
    N, F = dout.shape[:2]
    hh, ww = w.shape[2:]
    d = dout.reshape(N, F, -1).transpose(0, 2, 1)
    db = d.sum(axis=(0, 1))
    dw = np.einsum('npf,npk->fk', d, cols).reshape(w.shape)
    dcols = d @ w.reshape(F, -1)
    dxp = col2im(dcols, shape, hh, ww, stride)
    dx = dxp[:, :, 2*pad:, 2*pad:]
    return dx, dw, db
