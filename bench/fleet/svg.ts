/** A line, or a row of dots, of a chart. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** The number of the colour. Lines that belong together share one. */
  readonly colour: number;
  readonly kind: 'line' | 'dashed' | 'dots';
}

export interface Axis {
  /** The label of the axis, with its unit. */
  readonly label: string;
  readonly ticks: readonly number[];
  readonly isLog?: boolean;
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

const WIDTH = 800;
const HEIGHT = 420;
const PLOT = { left: 64, right: 560, top: 44, bottom: 360 };
const LEGEND = { left: 580, top: 60, rowHeight: 20, markWidth: 24 };
const COLOURS = 5;

// Light and dark pages show the same file, so it has a ground of its own and colours that work on either.
const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .ground { fill: #ffffff } .grid { stroke: #d8dee4 } .frame { stroke: #57606a; fill: none }
  .line { fill: none; stroke-width: 2 } .dashed { stroke-dasharray: 5 4; stroke-width: 1.5 }
  .c0 { stroke: #0969da } .c1 { stroke: #bc4c00 } .c2 { stroke: #1a7f37 } .c3 { stroke: #8250df } .c4 { stroke: #bf3989 }
  .dot { fill: none; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117 } .grid { stroke: #30363d } .frame { stroke: #8b949e }
    .c0 { stroke: #58a6ff } .c1 { stroke: #f0883e } .c2 { stroke: #3fb950 } .c3 { stroke: #bc8cff } .c4 { stroke: #f778ba }
  }`;

/** Draws the chart. The ticks give the range of an axis, and points outside that range are left out. */
export function drawChart({ title, x, y, series }: Chart): string {
  const toX = makeScale(x, PLOT.left, PLOT.right);
  const toY = makeScale(y, PLOT.bottom, PLOT.top);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escape(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${HEIGHT}"/>`,
    `<text class="title" x="${PLOT.left}" y="24">${escape(title)}</text>`,
    ...x.ticks.map((tick) => drawXTick(toX(tick), tick)),
    ...y.ticks.map((tick) => drawYTick(toY(tick), tick)),
    `<rect class="frame" x="${PLOT.left}" y="${PLOT.top}" width="${PLOT.right - PLOT.left}" height="${PLOT.bottom - PLOT.top}"/>`,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">${escape(x.label)}</text>`,
    `<text transform="translate(18 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${escape(y.label)}</text>`,
    ...series.map((one) => drawSeries(one, inside(one, x, y), toX, toY)),
    ...series.map(drawLegend),
    '</svg>\n',
  ].join('\n');
}

type Scale = (value: number) => number;

function makeScale({ ticks, isLog }: Axis, from: number, to: number): Scale {
  const position = (value: number): number => (isLog ? Math.log(value) : value);
  const [least, most] = [position(Math.min(...ticks)), position(Math.max(...ticks))];
  return (value) => from + ((position(value) - least) / (most - least)) * (to - from);
}

function inside({ points }: Series, x: Axis, y: Axis): Series['points'] {
  const isOn = ({ ticks }: Axis, value: number): boolean =>
    value >= Math.min(...ticks) && value <= Math.max(...ticks);
  return points.filter(([px, py]) => isOn(x, px) && isOn(y, py));
}

function drawXTick(at: number, tick: number): string {
  const line = `<line class="grid" x1="${fixed(at)}" x2="${fixed(at)}" y1="${PLOT.top}" y2="${PLOT.bottom}"/>`;
  return `${line}<text x="${fixed(at)}" y="${PLOT.bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`;
}

function drawYTick(at: number, tick: number): string {
  const line = `<line class="grid" y1="${fixed(at)}" y2="${fixed(at)}" x1="${PLOT.left}" x2="${PLOT.right}"/>`;
  return `${line}<text x="${PLOT.left - 8}" y="${fixed(at + 4)}" text-anchor="end">${shortNumber(tick)}</text>`;
}

function drawSeries({ colour, kind }: Series, points: Series['points'], toX: Scale, toY: Scale): string {
  const c = `c${colour % COLOURS}`;
  const at = points.map(([x, y]) => [fixed(toX(x)), fixed(toY(y))] as const);
  if (kind === 'dots')
    return at.map(([x, y]) => `<circle class="dot ${c}" cx="${x}" cy="${y}" r="4"/>`).join('');
  return `<polyline class="line ${kind} ${c}" points="${at.map((point) => point.join(',')).join(' ')}"/>`;
}

function drawLegend({ name, colour, kind }: Series, row: number): string {
  const y = LEGEND.top + row * LEGEND.rowHeight;
  const { left, markWidth } = LEGEND;
  const c = `c${colour % COLOURS}`;
  const mark =
    kind === 'dots'
      ? `<circle class="dot ${c}" cx="${left + markWidth / 2}" cy="${y - 4}" r="4"/>`
      : `<line class="line ${kind} ${c}" x1="${left}" x2="${left + markWidth}" y1="${y - 4}" y2="${y - 4}"/>`;
  return `${mark}<text x="${left + markWidth + 8}" y="${y}">${escape(name)}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(1);
}

/** Writes 12000 as 12k and 1000000 as 1M. */
export function shortNumber(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000}M`;
  return value >= 1_000 ? `${value / 1_000}k` : `${value}`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
