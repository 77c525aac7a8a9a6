"""The files of a scene, the same bytes each time: XML, meshes, pictures, curves."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from xml.sax.saxutils import quoteattr

import imageio.v3 as iio
import numpy as np
import OpenEXR

from mcdenoise.random_scenes.meshes import Mesh
from mcdenoise.random_scenes.parts import Part, Picture, Plugin, Point, Rgb, Strands, scaling

_TAGS = {
    "integrator": "path volpath direct aov",
    "sensor": "perspective thinlens",
    "film": "hdrfilm",
    "sampler": "independent",
    "rfilter": "box",
    "shape": "ply sphere cylinder rectangle disk cube bsplinecurve",
    "emitter": "area sunsky constant envmap point spot directional",
    "medium": "homogeneous",
    "phase": "hg isotropic",
    "texture": "bitmap",
    "bsdf": "diffuse dielectric thindielectric roughdielectric conductor roughconductor plastic roughplastic "
    "principled principledthin twosided mask bumpmap normalmap blendbsdf hair null",
}
_TAG_OF = {plugin: tag for tag, plugins in _TAGS.items() for plugin in plugins.split()}


def write_scene(
    folder: Path, plugins: dict[str, Plugin], parts: Iterable[Part], comment: str, split: str, air: Plugin | None = None
) -> None:
    """Write `scene.xml` and the files that it names into `folder`, which is made; files that are there are kept.

    plugins: integrator, sensor and further emitters by name. parts: all shapes. The XML begins with `comment` and marks
    the scene as `split` (`train` or `validation`). air: the medium around the shapes, or None.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(folder, air)
    body = []
    for plugin in plugins.values():
        body += writer.plugin(plugin, None, 1)
    for part in parts:
        body += writer.part(part)
    lines = [
        f"<!--\n{comment.replace('--', '- -')}\n-->",
        '<scene version="3.0.0">',
        f'    <default name="split" value="{split}"/>',
        *writer.shared,
        *body,
        "</scene>",
    ]
    (folder / "scene.xml").write_text("\n".join(lines) + "\n", encoding="utf-8")


class _Writer:
    """Turns plugins into lines of XML, and what they carry into files; what occurs twice is written once."""

    def __init__(self, folder: Path, air: Plugin | None):
        self.shared: list[str] = []
        self._folder = folder
        self._air = air
        self._names: dict[int, str] = {}  # of shared plugins, meshes and pictures, by identity
        self._kept: list[object] = []  # so that no identity is used again
        self._counts: dict[str, int] = {}

    def part(self, part: Part) -> list[str]:
        shape = part.shape
        if isinstance(shape, Mesh):
            plugin: Plugin = {"type": "ply", "mesh": shape}
        elif isinstance(shape, Strands):
            plugin = {"type": "bsplinecurve", "strands": shape}
        else:
            plugin = dict(shape)
        if not np.array_equal(part.to_world, np.eye(4)):
            plugin["to_world"] = part.to_world
        plugin["bsdf"] = part.bsdf
        if part.emitter is not None:
            plugin["emitter"] = part.emitter
        if part.interior is not None:
            plugin["interior"] = part.interior
            if self._air is not None and part.interior is not self._air:
                plugin["exterior"] = self._air
        return self.plugin(plugin, None, 1)

    def plugin(self, plugin: Plugin, name: str | None, depth: int) -> list[str]:
        tag = _TAG_OF[plugin["type"]]
        if tag in ("bsdf", "medium", "texture") and depth > 0:
            return [self._indent(depth) + f"<ref{self._named(name)} id={quoteattr(self._share(plugin, tag))}/>"]
        return self._element(plugin, tag, self._named(name), depth)

    def _share(self, plugin: Plugin, tag: str) -> str:
        if id(plugin) not in self._names:
            identity = self._number(tag)
            lines = self._element(plugin, tag, f' id="{identity}"', 1)
            self.shared += lines
            self._remember(plugin, identity)
        return self._names[id(plugin)]

    def _element(self, plugin: Plugin, tag: str, attributes: str, depth: int) -> list[str]:
        inside = []
        if plugin["type"] == "bitmap":
            # Mitsuba has a picture's first row at v = 0.
            plugin = plugin | {"to_uv": scaling(1.0, -1.0) @ plugin.get("to_uv", np.eye(4))}
        for key, value in plugin.items():
            if key != "type":
                inside += self._value(key, value, depth + 1)
            if isinstance(value, Picture) and (value.raw or value.hdr) and plugin["type"] == "bitmap":
                inside += self._value("raw", True, depth + 1)
        head = f'{self._indent(depth)}<{tag} type="{plugin["type"]}"{attributes}'
        return [head + ">", *inside, f"{self._indent(depth)}</{tag}>"] if inside else [head + "/>"]

    def _value(self, key: str, value: object, depth: int) -> list[str]:
        def line(tag: str, text: str) -> list[str]:
            return [f'{self._indent(depth)}<{tag} name="{key}" {text}/>']

        if isinstance(value, dict):
            nested = value["type"] in ("hdrfilm", "independent", "box", "area") or _TAG_OF[value["type"]] == "bsdf"
            return self.plugin(value, None if nested else key, depth)
        if isinstance(value, bool):
            return line("boolean", f'value="{str(value).lower()}"')
        if isinstance(value, int | np.integer):
            return line("integer", f'value="{value}"')
        if isinstance(value, float | np.floating):
            return line("float", f'value="{_number(value)}"')
        if isinstance(value, str):
            return line("string", f"value={quoteattr(value)}")
        if isinstance(value, Rgb):
            return line("rgb", f'value="{", ".join(map(_number, value))}"')
        if isinstance(value, Point):
            return line("point", f'x="{_number(value.x)}" y="{_number(value.y)}" z="{_number(value.z)}"')
        if isinstance(value, np.ndarray):
            numbers = " ".join(_number(number) for number in value.reshape(-1))
            indent = self._indent(depth)
            return [f'{indent}<transform name="{key}"><matrix value="{numbers}"/></transform>']
        if isinstance(value, Mesh | Strands | Picture):
            return [f'{self._indent(depth)}<string name="filename" value="{self._file(value)}"/>']
        raise TypeError(f"{key} is a {type(value).__name__}, which has no form in XML")

    def _file(self, content: Mesh | Strands | Picture) -> str:
        if id(content) not in self._names:
            if isinstance(content, Mesh):
                kind, ending, write, data = "mesh", ".ply", write_ply, content
            elif isinstance(content, Strands):
                kind, ending, write, data = "strands", ".txt", write_curves, content.curves
            elif content.hdr:
                kind, ending, write, data = "picture", ".exr", _write_exr, content.pixels
            else:
                kind, ending, write, data = "picture", ".png", partial(write_png, smallest=False), content.pixels
            name = self._number(kind) + ending
            if ending == ".exr" or not (self._folder / name).exists():  # radiance may have been scaled since
                write(self._folder / name, data)
            self._remember(content, name)
        return self._names[id(content)]

    def _remember(self, what: object, name: str) -> None:
        self._names[id(what)] = name
        self._kept.append(what)

    def _number(self, kind: str) -> str:
        self._counts[kind] = self._counts.get(kind, 0) + 1
        return f"{kind}{self._counts[kind]:03d}"

    @staticmethod
    def _named(name: str | None) -> str:
        return f" name={quoteattr(name)}" if name else ""

    @staticmethod
    def _indent(depth: int) -> str:
        return "    " * depth


def write_ply(path: Path, mesh: Mesh) -> None:
    """Writes a binary PLY file with normals and, if any, texture coordinates."""
    index, name = ("<u2", "ushort") if len(mesh.points) < 2**16 else ("<i4", "int")  # short ones halve the faces
    uv = "property float u\nproperty float v\n" if mesh.uvs.shape[1] else ""
    header = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(mesh.points)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        "property float nx\nproperty float ny\nproperty float nz\n"
        f"{uv}element face {len(mesh.faces)}\n"
        f"property list uchar {name} vertex_indices\nend_header\n"
    )
    # Rounded, so that the last bits of another machine's sines make no difference.
    data = np.concatenate([np.round(mesh.points, 5), np.round(mesh.normals, 4), np.round(mesh.uvs, 4)], axis=1)
    faces = np.zeros(len(mesh.faces), dtype=[("n", "u1"), ("v", index, 3)])
    faces["n"], faces["v"] = 3, mesh.faces
    # Adding zero turns -0.0 into 0.0, which is not the same byte for byte.
    path.write_bytes(header.encode() + (data + 0.0).astype("<f4").tobytes() + faces.tobytes())


def write_png(path: Path, picture: np.ndarray, smallest: bool = True) -> None:
    """Writes a picture with values in 0..1 as 8-bit PNG: as small as can be, or in a fraction of the time."""
    pixels = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    iio.imwrite(
        path,
        pixels[..., 0] if pixels.shape[-1] == 1 else pixels,
        **({"optimize": True} if smallest else {"compress_level": 4}),
    )


def write_pfm(path: Path, picture: np.ndarray) -> None:
    """Writes a picture of unbounded linear radiance as a PFM file."""
    height, width = picture.shape[:2]
    rows = np.ascontiguousarray(picture[::-1], dtype="<f4")
    path.write_bytes(f"PF\n{width} {height}\n-1.0\n".encode() + rows.tobytes())


def write_curves(path: Path, curves) -> None:
    """Writes curves as lines 'x y z radius', with an empty line between two."""
    blocks = ["\n".join("{:.3f} {:.3f} {:.3f} {:.4f}".format(*point) for point in curve) for curve in curves]
    path.write_bytes(("\n\n".join(blocks) + "\n").encode())


def _write_exr(path: Path, pixels: np.ndarray) -> None:
    planes = {name: np.ascontiguousarray(pixels[..., i], dtype=np.float16) for i, name in enumerate("RGB")}
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, planes).write(str(path))


def _number(value: float) -> str:
    """Seven digits: what single precision holds, and fewer than machines differ in."""
    return f"{float(value):.7g}"
