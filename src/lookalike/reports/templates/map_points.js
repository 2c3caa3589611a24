// Two ways to draw the points: WebGL, and a 2-D canvas where there is none. Same methods on both.
const VERTEX = `
attribute vec2 position; attribute vec4 colour; attribute float size;
uniform vec4 view; uniform vec2 screen; uniform float dot;
varying vec4 tint; varying float radius;
void main() {
  vec2 p = (position - view.xy) * view.z / screen * 2.0;
  gl_Position = vec4(p.x, -p.y, 0.0, 1.0);
  radius = size * dot;
  gl_PointSize = radius + 2.0;
  tint = colour;
}`;
const FRAGMENT = `
precision mediump float;
varying vec4 tint; varying float radius;
void main() {
  float d = length(gl_PointCoord - 0.5) * (radius + 2.0);
  float a = tint.a * clamp(radius * 0.5 - d + 0.5, 0.0, 1.0);
  gl_FragColor = vec4(tint.rgb * a, a);
}`;

class GlPoints {
  constructor(canvas, positions, fast) {
    const gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true, failIfMajorPerformanceCaveat: fast });
    if (!gl) throw new Error("no WebGL");
    const about = fast && gl.getExtension("WEBGL_debug_renderer_info");
    if (about && /swiftshader|llvmpipe|software/i.test(gl.getParameter(about.UNMASKED_RENDERER_WEBGL))) {
      throw new Error("WebGL without a graphics card");
    }
    this.gl = gl; this.canvas = canvas; this.count = positions.length / 2; this.name = "webgl";
    const program = gl.createProgram();
    for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(type);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error("no shader");
    gl.useProgram(program);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.buffers = {};
    const attribute = (name, length, type, normal) => {
      const buffer = this.buffers[name] = gl.createBuffer(), place = gl.getAttribLocation(program, name);
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, length, type, normal, 0, 0);
    };
    attribute("position", 2, gl.FLOAT, false);
    gl.bufferData(gl.ARRAY_BUFFER, positions, gl.STATIC_DRAW);
    attribute("colour", 4, gl.UNSIGNED_BYTE, true);
    attribute("size", 1, gl.UNSIGNED_BYTE, false);
    this.uniform = (name) => gl.getUniformLocation(program, name);
    this.places = { view: this.uniform("view"), screen: this.uniform("screen"), dot: this.uniform("dot") };
  }

  paint(colours, sizes) {
    const gl = this.gl;
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.colour);
    gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffers.size);
    gl.bufferData(gl.ARRAY_BUFFER, sizes, gl.DYNAMIC_DRAW);
  }

  draw(view, dot) {
    const gl = this.gl, ratio = this.canvas.width / view.width;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.uniform4f(this.places.view, view.x, view.y, view.scale, 0);
    gl.uniform2f(this.places.screen, view.width, view.height);
    gl.uniform1f(this.places.dot, dot * ratio);
    gl.drawArrays(gl.POINTS, 0, this.count);
  }
}

// Writes pixels itself: fifty thousand fillRect calls take seconds in some browsers, this takes milliseconds.
class FlatPoints {
  constructor(canvas, positions) {
    this.canvas = canvas; this.context = canvas.getContext("2d"); this.positions = positions; this.name = "canvas";
  }

  paint(colours, sizes) { this.colours = new Uint32Array(colours.buffer); this.sizes = sizes; }

  draw(view, dot) {
    const { context, canvas, positions, colours, sizes } = this, { width, height } = canvas;
    const ratio = width / view.width;
    if (!this.image || this.image.width !== width || this.image.height !== height) {
      this.image = context.createImageData(width, height);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    const pixels = this.pixels;
    pixels.fill(0);
    for (let i = 0; i < sizes.length; i++) {
      const radius = Math.max(0.9, sizes[i] * dot * ratio / 2), reach = radius * radius;
      const x = view.screenX(positions[2 * i]) * ratio, y = view.screenY(positions[2 * i + 1]) * ratio;
      const left = Math.max(0, Math.ceil(x - radius)), right = Math.min(width - 1, Math.floor(x + radius));
      const top = Math.max(0, Math.ceil(y - radius)), bottom = Math.min(height - 1, Math.floor(y + radius));
      for (let v = top; v <= bottom; v++) for (let u = left; u <= right; u++) {
        if ((u - x) * (u - x) + (v - y) * (v - y) <= reach) pixels[v * width + u] = colours[i];
      }
    }
    context.putImageData(this.image, 0, 0);
  }
}

function makePoints(canvas, positions) {
  // "#canvas" and "#webgl" at the end of the address ask for one way: for tests, and for odd graphics drivers.
  // Otherwise WebGL is taken where a graphics card does the work; imitated on the processor it is the slower way.
  const asked = location.hash;
  if (asked !== "#canvas") {
    try { return new GlPoints(canvas, positions, asked !== "#webgl"); } catch (error) {
      // A canvas that has begun a WebGL context can have no other: take a fresh one.
      const fresh = canvas.cloneNode();
      canvas.replaceWith(fresh);
      canvas = fresh;
    }
  }
  return new FlatPoints(canvas, positions);
}
