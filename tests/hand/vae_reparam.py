import numpy as np

def vae_loss(mu, logvar, eps, T):
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    diff = z - T
    rec = 0.5 * np.sum(diff ** 2)
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar))
    loss = rec + kl

    # gradients
    dz = diff
    dmu = dz + mu
    dlogvar = dz * eps * 0.5 * std
    dlogvar += -0.5 * (1 - np.exp(logvar))
    return loss, dmu, dlogvar
