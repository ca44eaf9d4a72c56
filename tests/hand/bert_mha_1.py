import numpy as np

def attn(x, Wq, Wk, Wv):
    B, T, E = x.shape
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = np.einsum('btd,bsd->bts', q, k) / 2
    ex = np.exp(scores - scores.max(-1, keepdims=True))
    probs = ex / ex.sum(-1, keepdims=True)
    out = np.einsum('bts,bsd->btd', probs, v)
    loss = np.mean(out ** 2)

    dout = 2 * out / out.size
    dprobs = np.einsum('btd,bsd->bts', dout, v)
    dv = np.einsum('bts,bsd->btd', probs, dout)
    tmp = dprobs * probs
    dscores = tmp - probs * tmp.sum(-1, keepdims=True)
    dscores = dscores / 2
    dq = np.einsum('bts,bsd->btd', dscores, k)
    dk = np.einsum('bts,btd->bsd', dscores, q)
    dWq = np.einsum('bte,btd->ed', x, dq)
    dWk = np.einsum('bte,btd->ed', x, dk)
    dWv = np.einsum('bte,btd->ed', x, dv)
    dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
    return loss, dx, dWq, dWk, dWv
