/**
 * The points, drawn by WebGL 2 directly: one draw call of one static buffer, moved by a uniform. A library for it
 * (regl is 70 kB) would be longer than this file.
 */

const VERTEX = `#version 300 es
layout(location = 0) in vec2 place;
layout(location = 1) in vec4 colour;
layout(location = 2) in float weight;
uniform vec3 view;
uniform vec2 screen;
uniform float dot_size;
uniform float pass;
out vec4 tint;
out float radius;
void main() {
  vec2 p = (place - view.xy) * view.z / screen * 2.0;
  // Points that are marked are drawn in a second pass, over the others.
  bool marked = weight > 1.5;
  gl_Position = (pass > 0.5) == marked ? vec4(p.x, -p.y, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  radius = dot_size * (marked ? 1.35 : 1.0) * 0.5;
  gl_PointSize = 2.0 * radius + 2.0;
  tint = vec4(colour.rgb, weight < 0.5 ? 0.16 : colour.a);
}`;

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 tint;
in float radius;
out vec4 result;
void main() {
  float d = length(gl_PointCoord - 0.5) * (2.0 * radius + 2.0);
  float a = tint.a * clamp(radius - d + 0.5, 0.0, 1.0);
  result = vec4(tint.rgb * a, a);
}`;

export class NoWebGL extends Error {}

/** How a point is drawn. */
export const WEIGHT = { faint: 0, plain: 1, marked: 2 } as const;

export class Points {
  private readonly gl: WebGL2RenderingContext;
  private readonly buffers: WebGLBuffer[] = [];
  private readonly places: Record<"view" | "screen" | "dot_size" | "pass", WebGLUniformLocation | null>;
  private readonly count: number;
  private anyMarked = false;

  /** `xy` goes to the graphics card once. Throws NoWebGL where WebGL 2 is missing. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    xy: Float32Array,
  ) {
    const gl = canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true, depth: false });
    if (!gl) throw new NoWebGL("this browser has no WebGL 2");
    this.gl = gl;
    this.count = xy.length / 2;
    const program = linked(gl);
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const place = (name: string): WebGLUniformLocation | null => gl.getUniformLocation(program, name);
    this.places = {
      view: place("view"),
      screen: place("screen"),
      dot_size: place("dot_size"),
      pass: place("pass"),
    };
    this.attribute(0, 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, xy, gl.STATIC_DRAW);
    this.attribute(1, 4, gl.UNSIGNED_BYTE, true);
    this.attribute(2, 1, gl.UNSIGNED_BYTE, false);
  }

  /** Colours, four bytes a point; and a WEIGHT for each. */
  paint(colours: Uint8Array, weights: Uint8Array): void {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[1]!);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    this.weigh(weights);
  }

  weigh(weights: Uint8Array): void {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers[2]!);
    gl.bufferData(gl.ARRAY_BUFFER, weights, gl.DYNAMIC_DRAW);
    this.anyMarked = weights.includes(WEIGHT.marked);
  }

  /** Draw for a view of `width` x `height` CSS pixels; `size` is a dot's diameter in them. */
  draw(view: { x: number; y: number; scale: number; width: number; height: number }, size: number): void {
    const { gl, places } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform3f(places.view, view.x, view.y, view.scale);
    gl.uniform2f(places.screen, view.width, view.height);
    gl.uniform1f(places.dot_size, (size * this.canvas.width) / view.width);
    for (const pass of this.anyMarked ? [0, 1] : [0]) {
      gl.uniform1f(places.pass, pass);
      gl.drawArrays(gl.POINTS, 0, this.count);
    }
  }

  private attribute(place: number, size: number, type: number, normalized: boolean): void {
    const gl = this.gl;
    const buffer = gl.createBuffer();
    this.buffers[place] = buffer;
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, size, type, normalized, 0, 0);
  }
}

function linked(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type);
    if (!shader) throw new NoWebGL("the graphics context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    throw new NoWebGL(gl.getProgramInfoLog(program) ?? "the shaders do not link");
  }
  return program;
}
