from math import exp


def forward_backward(x, y):
    """Returns the value and the two partial derivatives."""
    # --- forward
    sy = 1.0 / (1.0 + exp(-y))
    numerator = x + sy
    sx = 1.0 / (1.0 + exp(-x))
    total = x + y
    denominator = sx + total ** 2
    value = numerator / denominator

    # --- backward (several gates on each line)
    d_numerator = 1.0 / denominator
    d_denominator = -numerator / denominator ** 2
    d_total = 2.0 * total * d_denominator
    partial_x = d_total - (1.0 - sx) * sx * d_denominator + d_numerator
    partial_y = d_total + (1.0 - sy) * sy * d_numerator
    return value, [partial_x, partial_y]
