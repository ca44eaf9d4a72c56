"""The C text around a program's C file that makes it an extension of Python's; holes are filled by `gradc.run.native`.

An extension has one function of numbers and one, `fill`, of arrays: `value_and_grad`, which gives the value and a
dictionary, or that of a further mode, whose `numbers` gives all results in one tuple.
"""

# {text} is the C file, {name} what its functions are called.
HEAD = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>
{text}
"""

# Value and gradient of floats by position; all else is for `otherwise`.
BOTH = """
static PyObject *names[{room}], *otherwise;

static PyObject *value_and_grad(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *words)
{{
    double given[{room}], out[{results}];
    PyObject *grads, *each, *both;
    (void)self;
    if (words != NULL || count != {inputs}) return PyObject_Vectorcall(otherwise, args, (size_t)count, words);
    for (Py_ssize_t i = 0; i < count; i++) {{
        if (!PyFloat_CheckExact(args[i])) return PyObject_Vectorcall(otherwise, args, (size_t)count, words);
        given[i] = PyFloat_AS_DOUBLE(args[i]);
    }}
    (void)given;
    {name}_value_and_grad({call});
    grads = PyDict_New();
    for (int i = 0; grads != NULL && i < {slopes}; i++) {{
        each = PyFloat_FromDouble(out[{first} + i]);
        if (each == NULL || PyDict_SetItem(grads, names[i], each)) Py_CLEAR(grads);
        Py_XDECREF(each);
    }}
    if (grads == NULL) return NULL;
    both = {packed};
    Py_DECREF(grads);
    return both;
}}

static PyObject *setup(PyObject *self, PyObject *args)
{{
    PyObject *keys;
    (void)self;
    if (!PyArg_ParseTuple(args, "OO!", &otherwise, &PyTuple_Type, &keys)) return NULL;
    Py_INCREF(otherwise);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(keys) && i < {room}; i++) {{
        names[i] = PyTuple_GET_ITEM(keys, i);
        Py_INCREF(names[i]);
    }}
    Py_RETURN_NONE;
}}
"""

# Arrays of n elements each, or of as many rows as their width says.
FILL = """
static PyObject *fill(PyObject *self, PyObject *const *args, Py_ssize_t count)
{{
    static const Py_ssize_t widths[{arrays}] = {{{widths}}};
    Py_buffer held[{arrays}];
    double *at[{arrays}];
    Py_ssize_t n = -1, taken = 0;
    PyObject *result = NULL;
    (void)self;
    if (count != {arrays}) {{
        PyErr_SetString(PyExc_TypeError, "{arrays} arrays are expected");
        return NULL;
    }}
    for (; taken < count; taken++) {{
        if (PyObject_GetBuffer(args[taken], &held[taken], taken < {inputs} ? PyBUF_SIMPLE : PyBUF_WRITABLE)) goto done;
        at[taken] = held[taken].buf;
        if (n >= 0 && held[taken].len != n*widths[taken]) {{
            PyErr_SetString(PyExc_ValueError, "arrays of one size are expected");
            taken++;
            goto done;
        }}
        if (n < 0) n = held[taken].len;
    }}
    Py_BEGIN_ALLOW_THREADS
    {name}_{mode}_n((size_t)n/sizeof(double), {pointers});
    Py_END_ALLOW_THREADS
    Py_INCREF(Py_None);
    result = Py_None;
done:
    while (taken > 0) PyBuffer_Release(&held[--taken]);
    return result;
}}
"""

# A further mode at floats by position.
NUMBERS = """
static PyObject *numbers(PyObject *self, PyObject *const *args, Py_ssize_t count)
{{
    double given[{room}], out[{results}];
    PyObject *found, *each;
    (void)self;
    if (count != {inputs}) {{
        PyErr_SetString(PyExc_TypeError, "{inputs} numbers are expected");
        return NULL;
    }}
    for (Py_ssize_t i = 0; i < count; i++) {{
        given[i] = PyFloat_AsDouble(args[i]);
        if (given[i] == -1.0 && PyErr_Occurred()) return NULL;
    }}
    (void)given;
    {name}_{mode}({call});
    found = PyTuple_New({results});
    for (Py_ssize_t i = 0; found != NULL && i < {results}; i++) {{
        each = PyFloat_FromDouble(out[i]);
        if (each == NULL) Py_CLEAR(found);
        else PyTuple_SET_ITEM(found, i, each);
    }}
    return found;
}}
"""

# Where the values of a matrix stand.
PATTERN = """
static PyObject *listed(const int *numbers, Py_ssize_t count)
{{
    PyObject *found = PyList_New(count), *each;
    for (Py_ssize_t i = 0; found != NULL && i < count; i++) {{
        each = PyLong_FromLong(numbers[i]);
        if (each == NULL) Py_CLEAR(found);
        else PyList_SET_ITEM(found, i, each);
    }}
    return found;
}}

static PyObject *pattern(PyObject *self, PyObject *args)
{{
    const int *starts, *columns;
    (void)self, (void)args;
    {name}_{mode}_pattern(&starts, &columns);
    return Py_BuildValue("(NN)", listed(starts, {rows} + 1), listed(columns, starts[{rows}]));
}}
"""

METHODS_OF_BOTH = """
static PyMethodDef methods[] = {{
    {{"value_and_grad", (PyCFunction)(void (*)(void))value_and_grad, METH_FASTCALL | METH_KEYWORDS, NULL}},
    {{"setup", setup, METH_VARARGS, NULL}},
    {{"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, NULL}},
    {{NULL, NULL, 0, NULL}},
}};
"""

METHODS_OF_MODE = """
static PyMethodDef methods[] = {{
    {{"numbers", (PyCFunction)(void (*)(void))numbers, METH_FASTCALL, NULL}},
    {{"fill", (PyCFunction)(void (*)(void))fill, METH_FASTCALL, NULL}},
    {pattern}
    {{NULL, NULL, 0, NULL}},
}};
"""

METHOD_OF_PATTERN = '{"pattern", pattern, METH_NOARGS, NULL},'

END = """
static struct PyModuleDef module = {{PyModuleDef_HEAD_INIT, "{module}", NULL, -1, methods, NULL, NULL, NULL, NULL}};
PyMODINIT_FUNC PyInit_{module}(void) {{ return PyModule_Create(&module); }}
"""
