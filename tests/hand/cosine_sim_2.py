import numpy as np

def cosine_loss(u, v, t):
    n = u.shape[0]
    dot = np.einsum('ij,ij->i', u, v)
    nu = np.linalg.norm(u, axis=1)
    nv = np.linalg.norm(v, axis=1)
    cos = dot / (nu * nv)
    loss = np.mean((cos - t) ** 2)

    dcos = 2 * (cos - t) / n
    ddot = dcos / (nu * nv)
    dnu = -dcos * dot / (nu ** 2 * nv)
    dnv = -dcos * dot / (nu * nv ** 2)
    du = ddot[:, None] * v + dnu[:, None] * u
    dv = ddot[:, None] * u + (dnv / nv)[:, None] * v
    return loss, du, dv
