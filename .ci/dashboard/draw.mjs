// Draws the chart's dashboard as a picture, from what a Prometheus said of a demo world:
//
//   node .ci/dashboard/draw.mjs ANSWERS.json OUT.html [ROW...]
//
// The panels, their places, titles, queries and units are those of dashboard.json; the look is this script's, because Grafana
// is not at hand where this runs. ROW names the rows to draw; without one all are.

import { readFileSync, writeFileSync } from 'node:fs';

const WIDTH = 1440;
const UNIT = 32; // height of one unit of the grid, in pixels
const GAP = 8;
const STEP = 2; // seconds between two answers, as the Go test asks for them
const COLOURS = ['#1f60c4', '#37872d', '#e0b400', '#c4162a', '#8f3bb8', '#fa6400', '#0a9396', '#6c7a89', '#b5179e', '#577590'];
const NAMED = { green: '#37872d', red: '#c4162a', orange: '#e0752d', blue: '#1f60c4' };

const [answersFile, outFile, ...wanted] = process.argv.slice(2);
const dashboard = JSON.parse(readFileSync(new URL('../../charts/chatgate/files/dashboard.json', import.meta.url)));
const { from, to, answers } = JSON.parse(readFileSync(answersFile));

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const named = (legend, labels) => legend.replace(/\{\{(\w+)\}\}/g, (_, label) => labels[label] ?? '').trim();

// format writes a value in a unit of Grafana's.
function format(value, unit) {
  const scaled = (n, steps) => {
    const [factor, name] = steps.findLast(([f]) => Math.abs(n) >= f) ?? steps[0];
    return `${Number((n / factor).toPrecision(3))}${name}`;
  };
  switch (unit) {
    case 'percentunit': return `${Number((value * 100).toPrecision(3))} %`;
    case 'bytes': return scaled(value, [[1, ' B'], [1024, ' KiB'], [1024 ** 2, ' MiB'], [1024 ** 3, ' GiB']]);
    case 's': return scaled(value, [[0.001, ' ms'], [1, ' s'], [60, ' min'], [3600, ' h'], [86400, ' d']]);
    case 'ops': return `${Number(value.toPrecision(3))}/s`;
    case 'reqps': return `${Number(value.toPrecision(3))} req/s`;
    default: return String(Number(value.toPrecision(3)));
  }
}

// nice is a round number above max, so that the axis has even steps.
function nice(max) {
  if (!(max > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  return power * [1, 2, 2.5, 5, 10].find((step) => step * power >= max);
}

// shade is one of a colour's, from itself on alternately darker and lighter, so that series of one colour can be told apart.
function shade(colour, nth) {
  const part = Math.min(Math.ceil(nth / 2) * 0.22, 0.66);
  const towards = nth % 2 === 1 ? 0 : 255;
  return '#' + [1, 3, 5].map((at) => {
    const value = parseInt(colour.slice(at, at + 2), 16);
    return Math.round(value + (towards - value) * part).toString(16).padStart(2, '0');
  }).join('');
}

// coloured gives the series of a panel their colours: those of its overrides, then its own, then the palette's in order.
function coloured({ defaults, overrides = [] }, series) {
  const taken = {};
  return series.map((one, i) => {
    const override = overrides.findLast(({ matcher }) => new RegExp(matcher.options.slice(1, -1)).test(one.name));
    const { fixedColor } = override?.properties.find(({ id }) => id === 'color').value ?? defaults.color;
    if (!fixedColor) return { ...one, colour: COLOURS[i % COLOURS.length] };
    taken[fixedColor] = (taken[fixedColor] ?? -1) + 1;
    return { ...one, colour: shade(NAMED[fixedColor], taken[fixedColor]) };
  });
}

function panelSeries(panel, answersOfPanel) {
  const series = answersOfPanel.flatMap(({ legend, result }) => result.map(({ metric, values }) => ({
    name: named(legend, metric),
    points: values.map(([at, text]) => [at, Number(text)]).filter(([, value]) => Number.isFinite(value)),
  }))).filter(({ points }) => points.length > 0).sort((a, b) => a.name.localeCompare(b.name));
  return panel.type === 'timeseries' ? coloured(panel.fieldConfig, series) : series;
}

function stacked(series) {
  const below = new Map();
  return series.map(({ points, ...rest }) => ({
    ...rest,
    points: points.map(([at, value]) => {
      const floor = below.get(at) ?? 0;
      below.set(at, floor + value);
      return [at, floor + value, floor];
    }),
  }));
}

// runs are the stretches of a series without a gap.
function runs(points) {
  const found = [];
  points.forEach((point, n) => {
    if (n > 0 && point[0] - points[n - 1][0] <= STEP) found.at(-1).push(point);
    else found.push([point]);
  });
  return found;
}

function drawSeries(panel, series, width, height) {
  const { unit, custom } = panel.fieldConfig.defaults;
  const stack = custom.stacking.mode === 'normal';
  const lines = stack ? stacked(series) : series;
  const top = nice(Math.max(...lines.flatMap(({ points }) => points.map(([, value]) => value)), 0));
  const left = 58, bottom = 20, plot = { w: width - left - 10, h: height - bottom - 8 };
  const x = (at) => left + ((at - from) / (to - from)) * plot.w;
  const y = (value) => 8 + (1 - value / top) * plot.h;
  const axis = [0, 0.25, 0.5, 0.75, 1].map((part) => `<line x1="${left}" x2="${left + plot.w}" y1="${y(part * top)}" y2="${y(part * top)}" class="grid"/>
    <text x="${left - 6}" y="${y(part * top) + 4}" class="tick" text-anchor="end">${escape(format(part * top, unit))}</text>`);
  const ticks = [0, 0.25, 0.5, 0.75].map((part) => {
    const at = from + part * (to - from);
    return `<text x="${x(at)}" y="${height - 4}" class="tick">${new Date(at * 1000).toISOString().slice(11, 19)}</text>`;
  });
  const drawn = lines.map(({ points, colour }) => runs(points).map((run) => {
    const there = run.map(([at, value]) => `${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('L');
    const back = [...run].reverse().map(([at, , floor = 0]) => `${x(at).toFixed(1)} ${y(floor).toFixed(1)}`).join('L');
    return `<path d="M${there}L${back}Z" fill="${colour}" opacity="${custom.fillOpacity / 100}"/><path d="M${there}" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
  }).join(''));
  return `<svg width="${width}" height="${height}">${axis.join('')}${ticks.join('')}${drawn.reverse().join('')}</svg>`;
}

function drawStat(panel, series) {
  const { unit, thresholds, mappings = [] } = panel.fieldConfig.defaults;
  const value = series[0]?.points.at(-1)?.[1];
  if (value === undefined) return '<div class="stat none">no data</div>';
  const { color } = thresholds.steps.findLast((step) => step.value === null || value >= step.value);
  const text = mappings.find(({ options }) => options[value])?.options[value].text ?? format(value, unit);
  return `<div class="stat" style="background:${NAMED[color]}">${escape(text)}</div>`;
}

function drawPanel(panel, series, shift) {
  const { x, y, w, h } = panel.gridPos;
  const cell = WIDTH / 24;
  const width = w * cell - GAP, height = h * UNIT - GAP;
  const place = `left:${x * cell}px;top:${(y - shift) * UNIT}px;width:${width}px;height:${height}px`;
  if (panel.type === 'row') return `<h2 style="${place}">${escape(panel.title)}</h2>`;
  const title = `<h3>${escape(panel.title)}</h3>`;
  if (panel.type === 'stat') return `<section style="${place}">${title}${drawStat(panel, series)}</section>`;
  const shown = series.slice(0, 9);
  const legend = shown.map(({ name, colour }) => `<span><i style="background:${colour}"></i>${escape(name)}</span>`).join('')
    + (series.length > shown.length ? `<span>and ${series.length - shown.length} more</span>` : '');
  return `<section style="${place}">${title}${drawSeries(panel, series, width - 8, height - 72)}<p>${legend}</p></section>`;
}

let next = 0;
let row = '';
let shift = 0;
let end = 0;
const drawn = [];
for (const panel of dashboard.panels) {
  if (panel.type === 'row') row = panel.title;
  const count = panel.targets?.length ?? 0;
  const series = panelSeries(panel, answers.slice(next, next + count));
  next += count;
  if (wanted.length > 0 && !wanted.includes(row)) {
    continue;
  }
  if (panel.type === 'row') shift = panel.gridPos.y - end;
  drawn.push(drawPanel(panel, series, shift));
  end = Math.max(end, panel.gridPos.y - shift + panel.gridPos.h);
}
const minutes = Math.round((to - from) / 60);
const caption = `Drawn from charts/chatgate/files/dashboard.json by .ci/dashboard, with what a Prometheus saw of the demo in ${minutes} minutes in which Rocket.Chat, and later the provider, `
  + 'were down for a while. Grafana shows the same panels in its own look.';
writeFileSync(outFile, `<!doctype html><meta charset="utf-8"><title>chatgate</title><style>
  body { margin: 0; background: #f4f5f5; font: 12px/1.35 system-ui, sans-serif; color: #24292e; width: ${WIDTH + 2 * GAP}px; }
  main { position: relative; margin: ${GAP}px 0 0 ${GAP}px; height: ${end * UNIT}px; }
  section, h2 { position: absolute; box-sizing: border-box; }
  section { background: #fff; border: 1px solid #dcdee0; border-radius: 3px; padding: 4px; overflow: hidden; }
  h2 { font-size: 14px; margin: 0; padding-top: 5px; }
  h3 { font-size: 12.5px; margin: 2px 4px 4px; font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
  p { margin: 2px 6px 0; display: flex; flex-wrap: wrap; gap: 0 12px; height: 34px; overflow: hidden; }
  p span { white-space: nowrap; } p i { display: inline-block; width: 12px; height: 3px; margin-right: 5px; vertical-align: 3px; }
  .grid { stroke: #e8e9ea; } .tick { font-size: 10.5px; fill: #666; }
  .stat { display: flex; align-items: center; justify-content: center; height: calc(100% - 28px); color: #fff; font-size: 28px; font-weight: 600; border-radius: 2px; }
  .stat.none { background: #eceded; color: #777; font-size: 16px; font-weight: 400; }
  footer { padding: 4px 12px 10px; color: #555; }
</style><main>${drawn.join('\n')}</main><footer>${caption}</footer>`);
console.log(`${WIDTH + 2 * GAP},${Math.ceil(end * UNIT + GAP + 44)}`);
