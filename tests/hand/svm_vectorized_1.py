import numpy as np

def svm_loss_vectorized(W, X, y, reg):
    N = X.shape[0]
    scores = X.dot(W)
    yi_scores = scores[np.arange(N), y]
    margins = np.maximum(0, scores - yi_scores[:, np.newaxis] + 1)
    margins[np.arange(N), y] = 0
    loss = np.sum(margins)/N
    loss += reg * np.sum(W * W)

    binary = margins
    binary[margins > 0] = 1
    row_sum = np.sum(binary, axis=1)
    binary[np.arange(N), y] = row_sum
    dW = np.dot(X.T, binary)
    dW /= N
    dW += 2*reg*W
    return loss, dW
