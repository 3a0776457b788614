import { expect, test } from 'vitest';
import { type Chart, drawChart } from '../../bench/fleet/svg.ts';

const chart: Chart = {
  title: 'a < b & "c"',
  x: { label: 'ms', ticks: [1, 10, 100], isLog: true },
  y: { label: '%', ticks: [0, 50, 100] },
  series: [
    {
      name: 'line',
      colour: 0,
      kind: 'line',
      points: [
        [1, 0],
        [10, 50],
        [100, 100],
        [1_000, 100],
        [0, 10],
      ],
    },
    { name: 'dots', colour: 1, kind: 'dots', points: [[10, 100]] },
  ],
};

test('points lie where the ticks are, on a logarithmic axis too, and those beyond the ticks are left out', () => {
  const svg = drawChart(chart);
  const [, points] = /<polyline class="line line c0" points="([^"]*)"/.exec(svg) ?? [];
  expect(points).toBe('64.0,360.0 312.0,202.0 560.0,44.0');
  expect(svg).toContain('<circle class="dot c1" cx="312.0" cy="44.0" r="4"/>');
});

test('text is escaped, axes and series are named', () => {
  const svg = drawChart(chart);
  expect(svg).toContain('>a &lt; b &amp; &quot;c&quot;</text>');
  for (const name of ['ms', '%', 'line', 'dots']) expect(svg).toContain(`>${name}</text>`);
});
