/** The choice between the ways to draw: WebGL where a graphics card does the work, pixels written here elsewhere. */

import { type Dots, NoCanvas } from "./dots";
import { FlatDots } from "./flat_dots";
import { GlDots } from "./gl_dots";

export type Way = "webgl" | "canvas" | null;

/** `way`: null leaves the choice to what the browser has. `xy`: x and y of each point in turn. Throws NoCanvas. */
export function makeDots(canvas: HTMLCanvasElement, xy: Float32Array, way: Way): Dots {
  if (way !== "canvas") {
    const gl = canvas.getContext("webgl2", {
      failIfMajorPerformanceCaveat: way === null,
      antialias: false,
      depth: false,
      // An opaque layer need not be mixed with what lies below it, at each frame and pixel.
      alpha: false,
    });
    if (gl && (way === "webgl" || !imitated(gl))) {
      const made = GlDots.over(canvas, gl, xy);
      if (made) return made;
    }
    if (gl) canvas = replaced(canvas);
  }
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new NoCanvas("this browser has no canvas");
  return new FlatDots(canvas, context, xy);
}

/** A graphics card imitated by the processor: it takes several times as long as writing the pixels oneself. */
function imitated(gl: WebGL2RenderingContext): boolean {
  let name = String(gl.getParameter(gl.RENDERER));
  const told = /webkit webgl/i.test(name) ? gl.getExtension("WEBGL_debug_renderer_info") : null;
  if (told) name = String(gl.getParameter(told.UNMASKED_RENDERER_WEBGL));
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(name);
}

/** A canvas that has begun a WebGL context can have no other: a fresh one takes its place. */
function replaced(canvas: HTMLCanvasElement): HTMLCanvasElement {
  canvas.getContext("webgl2")?.getExtension("WEBGL_lose_context")?.loseContext();
  const fresh = canvas.cloneNode() as HTMLCanvasElement;
  canvas.replaceWith(fresh);
  return fresh;
}
