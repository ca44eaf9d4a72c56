"""Modules of `torch.nn` that have no parameters: `nn.CrossEntropyLoss(label_smoothing=0.1)` is the function of
`torch.nn.functional` with that argument given.

>>> from gradc.language import parse, unparse
>>> print(unparse(parse("x: [4]\\nnn.Softmax(dim=0)(x)")).split("\\n")[-1])
softmax(x, axis=0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradc.language import foreign
from gradc.language.values import Arg, Bound, Callee

if TYPE_CHECKING:
    from gradc.language.gates import Gates

_OLD = "size_average reduce reduction"
# A module, the function that it calls, and the order of what it is made with.
_TABLE = f"""
CrossEntropyLoss cross_entropy weight size_average ignore_index reduce reduction label_smoothing
NLLLoss nll_loss weight size_average ignore_index reduce reduction
MSELoss mse_loss {_OLD}
L1Loss l1_loss {_OLD}
SmoothL1Loss smooth_l1_loss {_OLD} beta
HuberLoss huber_loss reduction delta
BCELoss binary_cross_entropy weight {_OLD}
BCEWithLogitsLoss binary_cross_entropy_with_logits weight {_OLD} pos_weight
KLDivLoss kl_div {_OLD} log_target
TripletMarginLoss triplet_margin_loss margin p eps swap
MarginRankingLoss margin_ranking_loss margin
CosineEmbeddingLoss cosine_embedding_loss margin
HingeEmbeddingLoss hinge_embedding_loss margin
SoftMarginLoss soft_margin_loss {_OLD}
MultiMarginLoss multi_margin_loss p margin weight {_OLD}
MultiLabelSoftMarginLoss multilabel_soft_margin_loss weight {_OLD}
GaussianNLLLoss gaussian_nll_loss full eps reduction
PoissonNLLLoss poisson_nll_loss log_input full size_average eps reduce reduction
CosineSimilarity cosine_similarity dim eps
PairwiseDistance pairwise_distance p eps keepdim
ReLU relu inplace
ReLU6 relu6 inplace
ELU elu alpha inplace
SELU selu inplace
CELU celu alpha inplace
GELU gelu approximate
SiLU silu inplace
Mish mish inplace
Sigmoid sigmoid
Tanh tanh
Softplus softplus beta threshold
Softsign softsign
LeakyReLU leaky_relu negative_slope inplace
Hardtanh hardtanh min_val max_val inplace
Hardswish hardswish inplace
Hardsigmoid hardsigmoid inplace
LogSigmoid logsigmoid
Softmax softmax dim
LogSoftmax log_softmax dim
Softmin softmin dim
Tanhshrink tanhshrink
GLU glu dim
Flatten flatten start_dim end_dim
Identity clone
Dropout dropout p inplace
MaxPool1d max_pool1d kernel_size stride padding
MaxPool2d max_pool2d kernel_size stride padding
AvgPool1d avg_pool1d kernel_size stride padding
AvgPool2d avg_pool2d kernel_size stride padding
AdaptiveAvgPool2d adaptive_avg_pool2d size
AdaptiveMaxPool2d adaptive_max_pool2d size
Upsample upsample size scale_factor mode
PixelShuffle pixel_shuffle factor
"""
MODULES = {name: (function, order) for name, function, *order in map(str.split, _TABLE.strip().split("\n"))}
# What a module gives its function that the function has otherwise.
_USUAL = {"Flatten": ("start_dim", 1)}


def call(gates: Gates, callee: Callee, args: list[Arg], first: int, last: int) -> Bound:
    """The function with what the module is made with."""
    if callee.name not in MODULES:
        formula = foreign.meant(callee.name)
        hint = f"write {formula or 'F.layer_norm(x, (n,), weight, bias)'}, with the parameters as inputs"
        raise gates.source.error(f"a module 'nn.{callee.name}' would have parameters of its own", first, last, hint)
    name, order = MODULES[callee.name]
    if len(args) > len(order):
        raise gates.source.error(f"nn.{callee.name} takes {', '.join(order)}", first, last)
    given = [
        Arg(arg.value, arg.first, arg.last, key, arg.key_at or arg.first)
        for arg, key in ((arg, arg.key or order[at]) for at, arg in enumerate(args))
        if key != "inplace"
    ]
    if callee.name in _USUAL and not given:
        key, value = _USUAL[callee.name]
        given.append(Arg(gates.build.const(value), first, last, key, first))
    function = gates.callee(name, first, prefixed=True)
    function.library = "torch"
    return Bound(function, given)
