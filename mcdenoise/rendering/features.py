"""Features that help a denoiser: albedo and normal of what is seen in a mirror or through smooth glass.

Open Image Denoise's documentation asks renderers for them: "follow perfect specular (delta) paths and store features
for the first diffuse or glossy surface hit instead". Runs where Mitsuba runs, in its JIT variants. `docs/features.md`
tells what it is worth.
"""

import functools
from typing import Any

import drjit as dr
import mitsuba as mi

AOVS = "albedo:albedo,normal:sh_normal,depth:depth"
"""The features, as Mitsuba's `aov` integrator names them."""

CHANNELS = ("albedo.R", "albedo.G", "albedo.B", "normal.X", "normal.Y", "normal.Z", "depth.T")
"""The channels that AOVS make, in their order."""

FIRST_HIT = "first hit"
"""The kind of features that Mitsuba's `aov` integrator gives."""

SEEN = "first non-specular hit"
"""The kind of features that `seen_features` gives."""

MAX_EVENTS = 16
"""Surfaces that a path is followed through, or from mirror to mirror, before it is given up."""


def seen_features(scene: Any, max_events: int = MAX_EVENTS) -> Any:
    """An integrator for `scene` that renders CHANNELS as `aov` does, but of what is seen behind specular surfaces.

    A path goes on where a surface reflects and transmits in single directions only (smooth conductor, dielectric or
    thin dielectric), in the direction that its BSDF draws: a pixel's mean is the Fresnel blend. It goes straight on
    through a null BSDF (the boundary of a medium) and where a mask draws its hole. Elsewhere it ends, and records
      - albedo: the diffuse reflectance of the surface reached, times the colours on the way, in [0, 1];
      - normal: its shading normal in world space: its own, not mirrored;
      - depth: the distance to the first surface that is there, whatever it is. A hole and a null boundary are not.
    Where nothing is specular that is what `aov` records, to the bit. An emitter is recorded as any other surface, and
    a path that leaves the scene records zeros, as in `aov`. After `max_events`, and at smooth glass with a medium in it
    (which hides what is behind it), the surface counts as one of albedo 1. Primary rays are those of any sampling
    integrator with the same seed. In spectral variants colours are multiplied at the sampled wavelengths.

    max_events: 0 follows nothing, and gives mirrors and glass the albedo 1 that OIDN asks for then.
    For a scene without any specular surface this is `aov` itself, which compiles faster.
    Raises ValueError in the scalar variants, where an integrator in Python would take minutes.
    """
    if mi.variant().startswith("scalar"):
        raise ValueError(f"{mi.variant()}: features behind specular surfaces need a JIT variant")
    lobes = _specular_bsdfs(scene)
    if lobes is not None and not lobes:
        return mi.load_dict({"type": "aov", "aovs": AOVS})
    return _integrator_class(mi.variant())(lobes, max_events)


def _specular_bsdfs(scene: Any) -> list[Any] | None:
    """The BSDFs of the scene that a path may follow; None if they cannot be listed, as inside of instances."""
    found = {}
    for shape in scene.shapes():
        if shape.class_name() == "Instance":
            return None
        bsdf = shape.bsdf()
        if bsdf is not None:
            smooth = mi.has_flag(bsdf.flags(), mi.BSDFFlags.Smooth)
            if not smooth or mi.has_flag(bsdf.flags(), mi.BSDFFlags.Null):
                found[bsdf.ptr] = bsdf
    return list(found.values())


@functools.cache
def _integrator_class(variant: str) -> type:
    """The integrator in the current `variant`, whose base class no other variant knows."""
    del variant

    class SeenFeatures(mi.SamplingIntegrator):
        def __init__(self, lobes: list[Any] | None, max_events: int):
            super().__init__(mi.Properties())
            self._lobes = lobes
            self._max_events = max_events

        def aov_names(self) -> list[str]:
            return list(CHANNELS)

        def sample(
            self, scene: Any, sampler: Any, ray: Any, medium: Any = None, active: Any = True
        ) -> tuple[Any, Any, list[Any]]:
            del medium
            albedo, normal, depth, valid = _follow(
                scene, sampler, mi.Ray3f(ray), mi.Bool(active), self._lobes, self._max_events
            )
            return mi.Spectrum(0), valid, [*_linear_srgb(albedo, ray.wavelengths), *normal, depth]

        def render(self, *args: Any, **kwargs: Any) -> Any:
            image = super().render(*args, **kwargs)
            return image[..., -len(CHANNELS) :]  # the film's own, which are black, come first

    return SeenFeatures


@dr.syntax
def _follow(
    scene: Any, sampler: Any, ray: Any, active: Any, lobes: list[Any] | None, max_events: int
) -> tuple[Any, Any, Any, Any]:
    """What is seen along `ray`: albedo as a spectrum, normal, depth, and whether there is anything."""
    throughput = mi.UnpolarizedSpectrum(1)
    albedo = mi.UnpolarizedSpectrum(0)
    normal = mi.Normal3f(0)
    depth = mi.Float(0)
    straight = mi.Bool(True)  # has met nothing but holes
    events = mi.UInt32(0)

    while active:
        si = scene.ray_intersect(ray, mi.RayFlags.All, events == 0, active)
        active &= si.is_valid()
        bsdf = si.bsdf()
        flags = bsdf.flags()
        null = mi.has_flag(flags, mi.BSDFFlags.Null)
        delta = mi.has_flag(flags, mi.BSDFFlags.DeltaReflection) | mi.has_flag(flags, mi.BSDFFlags.DeltaTransmission)
        specular = ~mi.has_flag(flags, mi.BSDFFlags.Smooth)
        filled = specular & ~null & si.is_medium_transition()
        exhausted = specular & (events >= max_events)

        follow = active & (specular | null) & ~filled & (events < max_events)
        follow &= si.shape.emitter() == None  # noqa: E711 (compares every lane)
        sample, weight = _sample(lobes, bsdf, si, sampler, follow)
        through = mi.has_flag(sample.sampled_type, mi.BSDFFlags.Null)
        color = mi.unpolarized_spectrum(weight) * dr.square(sample.eta)  # radiance is denser inside glass, colour not
        follow &= (specular | through) & (dr.max(color) > 0)

        depth[active & straight] += si.t
        straight &= ~active | (follow & through & ~delta)

        record = active & ~follow
        reflectance = mi.unpolarized_spectrum(bsdf.eval_diffuse_reflectance(si, record))
        reflectance[filled | exhausted] = 1
        albedo[record] = dr.select(events == 0, reflectance, dr.clip(reflectance * throughput, 0, 1))
        normal[record] = si.sh_frame.n

        throughput[follow] = dr.clip(throughput * color, 0, 1)
        ray[follow] = si.spawn_ray(si.to_world(sample.wo))
        events[follow] += 1
        active = follow

    return albedo, normal, dr.select(straight, 0, depth), ~straight


def _sample(lobes: list[Any] | None, bsdf: Any, si: Any, sampler: Any, active: Any) -> tuple[Any, Any]:
    """A sample of `bsdf`, which is one of `lobes`: only those are traced and compiled, not every BSDF of the scene."""
    arguments = mi.BSDFContext(), si, sampler.next_1d(), sampler.next_2d(), active
    if lobes is None:
        return bsdf.sample(*arguments)
    index = mi.UInt32(0)
    for number, lobe in enumerate(lobes):
        index[bsdf == mi.BSDFPtr(lobe)] = number
    return dr.switch(index, [functools.partial(_sample_of, lobe) for lobe in lobes], *arguments)


def _sample_of(bsdf: Any, *arguments: Any) -> tuple[Any, Any]:
    return bsdf.sample(*arguments)


def _linear_srgb(spectrum: Any, wavelengths: Any) -> Any:
    """A reflectance as linear sRGB: in spectral variants an estimate from the ray's `wavelengths`."""
    if mi.is_monochromatic:
        return mi.Color3f(spectrum.x)
    if not mi.is_spectral:
        return mi.Color3f(spectrum)
    density = mi.pdf_rgb_spectrum(wavelengths)  # the density that sensors draw wavelengths with
    return mi.spectrum_to_srgb(spectrum * dr.select(density != 0, dr.rcp(density), 0), wavelengths)
