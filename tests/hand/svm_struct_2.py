import numpy as np

def L(X, y, W, reg):
  """fully-vectorized, examples are columns"""
  num = X.shape[1]
  scores = W.dot(X)
  correct = scores[y, np.arange(num)]
  margins = np.maximum(0, scores - correct + 1)
  margins[y, np.arange(num)] = 0
  loss = margins.sum() / num + reg * np.sum(W * W)

  mask = np.zeros(margins.shape)
  mask[margins > 0] = 1
  counts = mask.sum(axis=0)
  mask[y, np.arange(num)] = counts
  dW = mask.dot(X.T) / num + 2 * reg * W
  return loss, dW
