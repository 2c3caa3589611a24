/**
 * Points by WebGL 2 directly: one call draws a run of one static buffer, moved by a uniform. A library for it
 * (regl is 70 kB) would be longer than this file.
 */

import type { Rgb } from "./colours";
import { type Dots, type Looking, MARKED_WIDER } from "./dots";
import { below } from "./sorted";

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 colour;
uniform vec3 view;
uniform vec2 screen;
uniform float diameter;
out vec4 tint;
void main() {
  vec2 p = (place - view.xy) * view.z / screen * 2.0;
  gl_Position = vec4(p.x, -p.y, 0.0, 1.0);
  gl_PointSize = diameter + MARGIN;
  tint = vec4(colour.rgb * colour.a, colour.a);
}`;

const ROUND = `#version 300 es
precision mediump float;
in vec4 tint;
uniform mediump float wide;
out vec4 result;
void main() {
  float d = length(gl_PointCoord - 0.5) * (wide + 1.0);
  result = tint * clamp((wide + 1.0) * 0.5 - d, 0.0, 1.0);
}`;

/** While the map moves: squares, which need no sums for their edges. */
const SQUARE = `#version 300 es
precision mediump float;
in vec4 tint;
out vec4 result;
void main() {
  result = tint;
}`;

/** Fewer marked points than this are drawn anew over each run, so that they lie on top. */
const FEW = 5_000;
const UNIFORMS = ["view", "screen", "diameter", "wide"] as const;

interface Program {
  program: WebGLProgram;
  places: Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;
}

export class GlDots implements Dots {
  readonly kind = "webgl";
  private colours: WebGLBuffer | null = null;
  private marks: WebGLBuffer | null = null;
  private kept: WebGLFramebuffer | null = null;
  private store: WebGLRenderbuffer | null = null;
  private size = "";
  private readonly count: number;
  private marked: Uint32Array = new Uint32Array(0);

  /** Null where the shaders do not compile. `xy` goes to the graphics card once. */
  static over(canvas: HTMLCanvasElement, gl: WebGL2RenderingContext, xy: Float32Array): GlDots | null {
    const round = linked(gl, VERTEX.replace("MARGIN", "1.0"), ROUND);
    const square = linked(gl, VERTEX.replace("MARGIN", "0.0"), SQUARE);
    return round && square ? new GlDots(canvas, gl, xy, round, square) : null;
  }

  private constructor(
    readonly canvas: HTMLCanvasElement,
    private readonly gl: WebGL2RenderingContext,
    xy: Float32Array,
    private readonly round: Program,
    private readonly square: Program,
  ) {
    this.count = xy.length / 2;
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.attribute(0, 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, xy, gl.STATIC_DRAW);
    this.colours = this.attribute(1, 4, gl.UNSIGNED_BYTE, true);
    gl.bufferData(gl.ARRAY_BUFFER, 2 * xy.length, gl.STATIC_DRAW);
    this.marks = gl.createBuffer();
  }

  paint(colours: Uint32Array, marked: Uint32Array, ground: Rgb): void {
    const { gl } = this;
    gl.clearColor(ground[0] / 255, ground[1] / 255, ground[2] / 255, 1);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.colours);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.STATIC_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, this.marks);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, marked, gl.STATIC_DRAW);
    this.marked = marked;
  }

  draw(view: Looking, diameter: number, from: number, to: number, coarse: boolean): void {
    const { gl, canvas } = this;
    // A canvas forgets what is on it once it was shown; what is added to bit by bit is kept aside.
    const isWhole = coarse || (!from && to >= this.count);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, isWhole ? null : this.aside());
    this.drawRun(view, diameter, from, to, coarse);
    if (isWhole) return;
    gl.bindFramebuffer(gl.READ_FRAMEBUFFER, this.kept);
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, null);
    const [width, height] = [canvas.width, canvas.height];
    gl.blitFramebuffer(0, 0, width, height, 0, 0, width, height, gl.COLOR_BUFFER_BIT, gl.NEAREST);
  }

  private drawRun(view: Looking, diameter: number, from: number, to: number, coarse: boolean): void {
    const { gl, marked } = this;
    const { program, places } = coarse ? this.square : this.round;
    const wide = (diameter * this.canvas.width) / view.width;
    gl.useProgram(program);
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    if (!from) gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform3f(places.view, view.x, view.y, view.scale);
    gl.uniform2f(places.screen, view.width, view.height);
    this.width(places, wide);
    gl.drawArrays(gl.POINTS, from, to - from);
    if (!marked.length) return;
    const first = marked.length > FEW ? below(marked, from) : 0;
    this.width(places, wide * MARKED_WIDER);
    gl.drawElements(gl.POINTS, below(marked, to) - first, gl.UNSIGNED_INT, 4 * first);
  }

  /** A buffer of the canvas's size. */
  private aside(): WebGLFramebuffer | null {
    const { gl, canvas } = this;
    if (!this.kept) {
      this.kept = gl.createFramebuffer();
      this.store = gl.createRenderbuffer();
    }
    gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, this.kept);
    const size = `${canvas.width} ${canvas.height}`;
    if (this.size !== size) {
      this.size = size;
      gl.bindRenderbuffer(gl.RENDERBUFFER, this.store);
      gl.renderbufferStorage(gl.RENDERBUFFER, gl.RGB8, canvas.width, canvas.height);
      gl.framebufferRenderbuffer(gl.DRAW_FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.RENDERBUFFER, this.store);
    }
    return this.kept;
  }

  private width(places: Program["places"], wide: number): void {
    this.gl.uniform1f(places.diameter, wide);
    if (places.wide) this.gl.uniform1f(places.wide, wide);
  }

  private attribute(place: number, size: number, type: number, normalized: boolean): WebGLBuffer | null {
    const { gl } = this;
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, normalized, 0, 0);
    return buffer;
  }
}

function linked(gl: WebGL2RenderingContext, vertex: string, fragment: string): Program | null {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertex],
    [gl.FRAGMENT_SHADER, fragment],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  const places = UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)] as const);
  return { program, places: Object.fromEntries(places) as Program["places"] };
}
