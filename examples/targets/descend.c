/* Gradient descent in plain C on a function that gradc compiled: f.c has the value and the gradient.
 *
 *     gradc compile "100*(y - x**2)**2 + (1 - x)**2" --target c --inputs x,y -o f.c
 *     cc -std=c99 -O2 descend.c -o descend -lm && ./descend
 */
#include <stdio.h>

#include "f.c"

int main(void)
{
    double x = -1.2, y = 1.0, value, dx, dy;
    int steps = 0;
    for (; steps < 100000; steps++) {
        double rate = 1e-3;
        f_value_and_grad(x, y, &value, &dx, &dy);
        if (dx*dx + dy*dy < 1e-20) break;
        while (f(x - rate*dx, y - rate*dy) > value) rate *= 0.5;
        x -= rate*dx;
        y -= rate*dy;
    }
    printf("%d steps: f(%.9f, %.9f) = %.3e\n", steps, x, y, value);
    return 0;
}
