"""Makes data/weights/nanodet_416.onnx from the TensorFlow.js graph model of NanoDet.

    python data/scripts/make_detector.py ../shared/data/weights/nanodet_tfjs

A graph model is a JSON list of TensorFlow operations, and one file with their constants. Each
operation becomes its ONNX counterpart. TensorFlow convolves channels-last, so the source transposes
before and after every convolution; ONNX keeps channels first, and a transpose only changes which
stored axis is meant (`Value.order`). Padding and bias go into the convolution they belong to.

Added at both ends: frames come in as bytes, batches of any size, and the three grids leave as one.
The weights are float16 in the source already and stay so in the file: nothing is lost.
"""

import argparse
import base64
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from sticc_lib.run import atomic, data_dir, read_json

GRIDS = 3
MEAN = (103.53, 116.28, 123.675)  # blue, green, red: NanoDet is trained on OpenCV's order
SPREAD = (57.375, 57.12, 58.395)
PERSON = 0  # the first of COCO's 80 classes
CHANNELS_LAST = (0, 2, 3, 1)
OPSET = 18


@dataclass(frozen=True)
class Value:
    """A tensor of the source as the ONNX graph holds it."""

    name: str
    order: tuple[int, ...]
    """`order[i]` is the stored axis that the source calls axis i."""
    pads: tuple[int, ...] = ()
    """Padding still to be done by whoever takes it: begins, then ends, of the stored axes."""


class Converter:
    """Walks from the outputs to the input, once; every operation returns its Value."""

    def __init__(self, folder: Path) -> None:
        source = read_json(folder / "nanodet.json")
        self.nodes = {node["name"]: node for node in source["modelTopology"]["node"]}
        self.constants = read_constants(source["weightsManifest"], folder)
        self.outputs = {
            name.removesuffix(":0"): [int(d["size"]) for d in facts["tensorShape"]["dim"]]
            for name, facts in source["signature"]["outputs"].items()
        }
        self.graph: list[onnx.NodeProto] = []
        self.stored: dict[str, onnx.TensorProto] = {}
        self.done: dict[str, Value] = {}

    def convert(self) -> onnx.ModelProto:
        """The whole graph: bytes [B, 416, 416, 3] to person [B, cells] and bins [B, cells, 44]."""
        ends: dict[int, list[tuple[int, str]]] = {}
        for name, (_, cells, width) in self.outputs.items():
            ends.setdefault(width, []).append((cells, self.straight(self.value(name))))
        narrow, wide = sorted(ends)  # 44 distance bins, 80 class scores
        for width, name in ((wide, "scores"), (narrow, "bins")):
            finest_first = [end for _, end in sorted(ends[width], reverse=True)]
            if len(finest_first) != GRIDS:
                raise SystemExit(f"expected {GRIDS} outputs of width {width}: {finest_first}")
            self.emit("Concat", finest_first, name, axis=1)
        self.emit("Gather", ["scores", self.store("person_class", np.int64(PERSON))], "person",
                  axis=2)  # fmt: skip
        cells = sum(cells for cells, _ in ends[narrow])
        side = 416
        graph = helper.make_graph(
            self.graph,
            "nanodet",
            [helper.make_tensor_value_info("frames", TensorProto.UINT8, ["B", side, side, 3])],
            [
                helper.make_tensor_value_info("person", TensorProto.FLOAT, ["B", cells]),
                helper.make_tensor_value_info("bins", TensorProto.FLOAT, ["B", cells, narrow]),
            ],
            list(self.stored.values()),
        )
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9, producer_name="")

    def value(self, name: str) -> Value:
        """The output of an operation, converted when first asked for."""
        name = name.removesuffix(":0")
        if name not in self.done:
            node = self.nodes[name.partition(":")[0]]
            convert = getattr(self, f"on_{node['op']}", None)
            if convert is None:
                raise SystemExit(f"{name}: no rule for the operation {node['op']}")
            result = convert(node)
            self.done.update(result if isinstance(result, dict) else {name: result})
        return self.done[name]

    def on_Placeholder(self, node: dict[str, Any]) -> Value:
        """The source takes normalised floats, channels first; we take bytes, blue green red."""
        # channels first while they are bytes: a mean and a spread a plane, not a pixel, are quick
        mean, spread = (np.float32(v)[:, None, None] for v in (MEAN, SPREAD))
        self.emit("Transpose", ["frames"], "planes", perm=(0, 3, 1, 2))
        self.emit("Cast", ["planes"], "floats", to=TensorProto.FLOAT)
        self.emit("Sub", ["floats", self.store("mean", mean)], "centred")
        self.emit("Div", ["centred", self.store("spread", spread)], "input")
        return Value("input", (0, 1, 2, 3))

    def on_Transpose(self, node: dict[str, Any]) -> Value:
        given = self.value(node["input"][0])
        order = tuple(given.order[axis] for axis in self.constant(node["input"][1]))
        return Value(given.name, order, given.pads)

    def on_Pad(self, node: dict[str, Any]) -> Value:
        return self.padded(node, 0.0)

    def on_PadV2(self, node: dict[str, Any]) -> Value:
        return self.padded(node, float(self.constant(node["input"][2])))

    def padded(self, node: dict[str, Any], fill: float) -> Value:
        """Padding waits for its convolution (zeros) or maximum (minus infinity), which do it."""
        given = self.value(node["input"][0])
        wanted = {"Conv2D": 0.0, "MaxPool": -math.inf}
        takers = {wanted.get(op) for op in self.takers(node["name"])}
        if takers != {fill} or given.pads:
            raise SystemExit(f"{node['name']}: padding with {fill} that nobody takes")
        amounts = self.constant(node["input"][1])  # [axis, begin and end]
        by_axis = dict(zip(given.order, amounts.tolist(), strict=True))
        begins, ends = zip(*(by_axis[axis] for axis in range(len(by_axis))), strict=True)
        return Value(given.name, given.order, (*begins, *ends))

    def on_Conv2D(self, node: dict[str, Any]) -> Value:
        given, options = self.window(node)
        weight = self.constant(node["input"][1]).transpose(3, 2, 0, 1)  # H W in out -> out in H W
        dilations = node["attr"]["dilations"]["list"]["i"]
        if any(int(d) != 1 for d in dilations):
            raise SystemExit(f"{node['name']}: dilated")
        self.emit("Conv", [given.name, self.weights(node["input"][1], weight)], node["name"],
                  **options)  # fmt: skip
        return Value(node["name"], CHANNELS_LAST)

    def on_MaxPool(self, node: dict[str, Any]) -> Value:
        given, options = self.window(node)
        size = [int(n) for n in node["attr"]["ksize"]["list"]["i"][1:3]]
        self.emit("MaxPool", [given.name], node["name"], kernel_shape=size, **options)
        return Value(node["name"], CHANNELS_LAST)

    def window(self, node: dict[str, Any]) -> tuple[Value, dict[str, Any]]:
        """Input, strides and pads of an operation that slides; only what the source uses."""
        given, attr = self.value(node["input"][0]), node["attr"]
        if base64.b64decode(attr["padding"]["s"]) != b"VALID" or given.order != CHANNELS_LAST:
            raise SystemExit(f"{node['name']}: expected VALID padding, channels last")
        strides = [int(n) for n in attr["strides"]["list"]["i"][1:3]]
        pads = given.pads or (0,) * 8
        return given, {"strides": strides, "pads": [*pads[2:4], *pads[6:8]]}

    def on_Add(self, node: dict[str, Any]) -> Value:
        left, right = node["input"]
        if right not in self.constants:
            return self.elementwise("Add", node, self.value(left), self.value(right))
        convolved = self.value(left)  # a bias: it becomes the convolution's own
        producer = next(n for n in self.graph if n.output[0] == convolved.name)
        if producer.op_type != "Conv" or len(self.takers(left)) != 1:
            raise SystemExit(f"{node['name']}: a constant added to {producer.op_type}")
        producer.input.append(self.weights(right, self.constant(right)))
        return convolved

    def on_LeakyRelu(self, node: dict[str, Any]) -> Value:
        given = self.value(node["input"][0])
        return self.elementwise("LeakyRelu", node, given, alpha=node["attr"]["alpha"]["f"])

    def on_Sigmoid(self, node: dict[str, Any]) -> Value:
        return self.elementwise("Sigmoid", node, self.value(node["input"][0]))

    def on_Identity(self, node: dict[str, Any]) -> Value:
        return self.value(node["input"][0])

    def on_ConcatV2(self, node: dict[str, Any]) -> Value:
        *parts, axis = node["input"]
        given = [self.value(part) for part in parts]
        stored = given[0].order[int(self.constant(axis))]
        return self.elementwise("Concat", node, *given, axis=stored)

    def on_SplitV(self, node: dict[str, Any]) -> dict[str, Value]:
        data, sizes, axis = node["input"]
        given = self.value(data)
        names = [node["name"], f"{node['name']}:1"]
        lengths = self.store(f"{node['name']}/sizes", self.constant(sizes).astype(np.int64))
        stored = given.order[int(self.constant(axis))]
        self.graph.append(helper.make_node("Split", [given.name, lengths], names, axis=stored))
        return {name: Value(name, given.order) for name in names}

    def on_ResizeBilinear(self, node: dict[str, Any]) -> Value:
        given, attr = self.value(node["input"][0]), node["attr"]
        if not attr["half_pixel_centers"]["b"] or given.order != CHANNELS_LAST:
            raise SystemExit(f"{node['name']}: expected half-pixel centres, channels last")
        sizes = self.store(
            f"{node['name']}/sizes", self.constant(node["input"][1]).astype(np.int64)
        )
        self.emit("Resize", [given.name, "", "", sizes], node["name"], axes=[2, 3], mode="linear",
                  coordinate_transformation_mode="half_pixel")  # fmt: skip
        return Value(node["name"], CHANNELS_LAST)

    def on_Reshape(self, node: dict[str, Any]) -> Value:
        given = self.straight(self.value(node["input"][0]))
        shape = self.constant(node["input"][1]).astype(np.int64)
        shape[0] = 0  # ONNX: as it comes; any number of frames
        self.emit("Reshape", [given, self.store(f"{node['name']}/shape", shape)], node["name"])
        return Value(node["name"], tuple(range(len(shape))))

    def elementwise(self, op: str, node: dict[str, Any], *given: Value, **options: Any) -> Value:
        """An operation that leaves the axes where they are; all inputs must agree on them."""
        if {g.order for g in given} != {given[0].order} or any(g.pads for g in given):
            raise SystemExit(f"{node['name']}: inputs disagree on their axes")
        self.emit(op, [g.name for g in given], node["name"], **options)
        return Value(node["name"], given[0].order)

    def straight(self, given: Value) -> str:
        """The name of a tensor whose stored axes are the source's, transposed if need be."""
        if given.order == tuple(range(len(given.order))):
            return given.name
        name = f"{given.name}/straight"
        self.emit("Transpose", [given.name], name, perm=given.order)
        return name

    def constant(self, name: str) -> np.ndarray:
        """A constant, or what TensorFlow computes of constants only (the shapes of reshapes)."""
        if name in self.constants:
            return self.constants[name]
        node = self.nodes[name]
        if node["op"] == "SparseToDense":  # all of them are empty: the default, everywhere
            places, shape, _, default = (self.constant(i) for i in node["input"])
            if places.size == 0:
                return np.full(shape, default)
        if node["op"] == "AddV2":
            left, right = (self.constant(i) for i in node["input"])
            return left + right
        raise SystemExit(f"{name}: {node['op']} is not constant")

    def takers(self, name: str) -> list[str]:
        """Operations that take this output, seen through transposes."""
        ops: list[str] = []
        for node in self.nodes.values():
            if name in node.get("input", []):
                ops += self.takers(node["name"]) if node["op"] == "Transpose" else [node["op"]]
        return ops

    def emit(self, op: str, inputs: list[str], output: str, **options: Any) -> None:
        self.graph.append(helper.make_node(op, inputs, [output], **options))

    def store(self, name: str, value: np.ndarray | np.generic) -> str:
        """A constant of the ONNX file."""
        self.stored.setdefault(name, numpy_helper.from_array(np.asarray(value), name))
        return name

    def weights(self, name: str, value: np.ndarray) -> str:
        """Weights, stored as float16; the runtime widens them once, while loading."""
        half = self.store(name, value.astype(np.float16))
        wide = f"{name}/float"
        if wide not in {n.output[0] for n in self.graph}:  # in front: a bias comes after its node
            self.graph.insert(0, helper.make_node("Cast", [half], [wide], to=TensorProto.FLOAT))
        return wide


def read_constants(manifest: list[dict[str, Any]], folder: Path) -> dict[str, np.ndarray]:
    """Name to array. Floats are stored as float16 here, whole numbers as int32."""
    constants: dict[str, np.ndarray] = {}
    for group in manifest:
        content = b"".join((folder / path).read_bytes() for path in group["paths"])
        place = 0
        for entry in group["weights"]:
            kind = np.dtype(entry.get("quantization", {}).get("dtype", entry["dtype"]))
            count = math.prod(entry["shape"])
            values = np.frombuffer(content, kind.newbyteorder("<"), count, place)
            constants[entry["name"]] = values.reshape(entry["shape"])
            place += count * kind.itemsize
        if place != len(content):
            raise SystemExit(f"{folder}: {len(content)} bytes of constants, expected {place}")
    return constants


def main() -> None:
    """Writes the file and prints its row of data/README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path, help="folder with nanodet.json and nanodet.bin")
    parser.add_argument("--target", type=Path, default=data_dir() / "weights" / "nanodet_416.onnx")
    given = parser.parse_args()
    model = Converter(given.source).convert()
    onnx.checker.check_model(model, full_check=True)
    with atomic(given.target) as temporary:
        temporary.write_bytes(model.SerializeToString(deterministic=True))
    digest = hashlib.sha256(given.target.read_bytes()).hexdigest()
    size = given.target.stat().st_size
    print(f"| `weights/{given.target.name}` | {size:,} bytes | MIT and Apache-2.0 | `{digest}` |")


if __name__ == "__main__":
    main()
