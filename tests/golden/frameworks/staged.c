/* Forward and backward pass, compiled by gradc fca771d07fc9.
 *
 *     (x + sigmoid(y)) / (sigmoid(x) + (x + y)**2)
 *
 * Inputs: x, y (numbers; arrays of n of them in the loop).
 * Gradient with respect to: x, y.
 * Operations: forward 13, backward 12.
 */
#include <math.h>
#include <stddef.h>

double f(double x, double y)
{
    const double xpy = x + y;
    const double f = (x + 1.0/(1.0 + exp(-y)))/(1.0/(1.0 + exp(-x)) + xpy*xpy);
    return f;
}

void f_value_and_grad(double x, double y, double *f_out, double *dx_out, double *dy_out)
{
    const double sigy = 1.0/(1.0 + exp(-y));
    const double sigx = 1.0/(1.0 + exp(-x));
    const double xpy = x + y;
    const double den = sigx + xpy*xpy;
    const double f = (x + sigy)/den;
    const double twoxpyf = 2.0*(xpy*f);
    *f_out = f;
    *dx_out = (1.0 - twoxpyf - (1.0 - sigx)*sigx*f)/den;
    *dy_out = ((1.0 - sigy)*sigy - twoxpyf)/den;
}

void f_value_and_grad_n(
    size_t n, const double *restrict x, const double *restrict y, double *restrict f_out,
    double *restrict dx_out, double *restrict dy_out)
{
    for (size_t i = 0; i < n; i++) {
        f_value_and_grad(x[i], y[i], &f_out[i], &dx_out[i], &dy_out[i]);
    }
}
