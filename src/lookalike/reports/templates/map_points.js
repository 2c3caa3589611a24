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
  constructor(canvas, positions) {
    const gl = canvas.getContext("webgl", { antialias: false, premultipliedAlpha: true });
    if (!gl) throw new Error("no WebGL");
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

class FlatPoints {
  constructor(canvas, positions) {
    this.canvas = canvas; this.context = canvas.getContext("2d"); this.positions = positions; this.name = "canvas";
  }

  paint(colours, sizes) { this.colours = new Uint32Array(colours.buffer); this.sizes = sizes; }

  draw(view, dot) {
    const { context, canvas, positions, colours, sizes } = this, ratio = canvas.width / view.width;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    let last = -1;
    for (let i = 0; i < sizes.length; i++) {
      const x = view.screenX(positions[2 * i]), y = view.screenY(positions[2 * i + 1]);
      if (x < -9 || y < -9 || x > view.width + 9 || y > view.height + 9) continue;
      const c = colours[i];
      if (c !== last) {
        context.fillStyle = `rgba(${c & 255},${(c >> 8) & 255},${(c >> 16) & 255},${(c >>> 24) / 255})`;
        last = c;
      }
      const side = Math.max(1.5, sizes[i] * dot);
      context.fillRect(x - side / 2, y - side / 2, side, side);
    }
  }
}

function makePoints(canvas, positions) {
  // "#canvas" at the end of the address asks for the plain canvas: for tests, and for broken graphics drivers.
  if (location.hash !== "#canvas") {
    try { return new GlPoints(canvas, positions); } catch (error) {
      // A canvas that has begun a WebGL context can have no other: take a fresh one.
      const fresh = canvas.cloneNode();
      canvas.replaceWith(fresh);
      canvas = fresh;
    }
  }
  return new FlatPoints(canvas, positions);
}
