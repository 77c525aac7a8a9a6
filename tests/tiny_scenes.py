"""Tiny Mitsuba scenes as XML, whose parts can be exchanged."""

PERSPECTIVE = """
    <sensor type="perspective">
        <float name="fov" value="45"/>
        <transform name="to_world"><lookat origin="0, -4, 1.2" target="0, 0, 0.6" up="0, 0, 1"/></transform>
        {film}
    </sensor>"""

OBJECTS = """
    <shape type="rectangle">
        <transform name="to_world"><scale value="3"/></transform>
        <bsdf type="diffuse"><rgb name="reflectance" value="0.7, 0.5, 0.3"/></bsdf>
    </shape>
    <shape type="sphere">
        <point name="center" x="0" y="0" z="0.6"/><float name="radius" value="0.6"/>
        <bsdf type="diffuse"><rgb name="reflectance" value="0.2, 0.4, 0.8"/></bsdf>
    </shape>
    <shape type="rectangle">
        <transform name="to_world"><rotate x="1" angle="180"/><translate z="3"/></transform>
        <emitter type="area"><rgb name="radiance" value="6, 5, 4"/></emitter>
    </shape>"""


def film_xml(width: int = 24, height: int = 16, inside: str = '<rfilter type="box"/>', plugin: str = "hdrfilm") -> str:
    """A <film> of the given size; `inside` is any further XML in it."""
    size = f'<integer name="width" value="{width}"/><integer name="height" value="{height}"/>'
    return f'<film type="{plugin}">{size}{inside}</film>'


def scene_xml(
    integrator: str = '<integrator type="path"><integer name="max_depth" value="4"/></integrator>',
    film: str | None = None,
    sensor: str = PERSPECTIVE,
    objects: str = OBJECTS,
    split: str | None = None,
) -> str:
    """A small scene, a ball on a floor under a lamp, as Mitsuba XML; any of its parts can be exchanged."""
    mark = f'<default name="split" value="{split}"/>' if split else ""
    camera = sensor.replace("{film}", film_xml() if film is None else film)
    return f'<scene version="3.0.0">{mark}{integrator}{camera}{objects}</scene>'
