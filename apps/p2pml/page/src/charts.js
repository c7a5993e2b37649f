// The two charts, by uPlot: what is received (stacked) above the line and what is sent below it; buffers.

import UPlot from 'uplot'

import { bits, rate } from './format.js'
import { byId, el, setAttribute, setText } from './dom.js'
import { span } from './history.js'

const dark = matchMedia('(prefers-color-scheme: dark)')
const color = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
const ago = seconds => seconds === 0 ? 'now' : seconds % 60 ? `${-seconds} s` : `${-seconds / 60} min`
/** Seconds that are shown, and between two names of the axis: a gateway that has just started shows more of the little there is. */
const views = [[60, 15], [120, 30], [span, 60]]

/** @typedef {{name: string, color: string, text: (point: object) => string}} Entry of a legend */

class Chart {
  #place
  #legend
  #chart
  #make
  #points = []

  /** @param {string} id of the place; its legend is ID-legend @param {Entry[]} entries @param {() => object} make uPlot's options */
  constructor (id, entries, make) {
    this.#place = byId(id)
    this.#make = make
    this.#legend = entries.map(entry => {
      const value = el('span', { class: 'value' })
      byId(`${id}-legend`).append(el('span', { class: `key ${entry.color}` }, entry.name, ' ', value))
      return { ...entry, value }
    })
    new ResizeObserver(() => this.#chart?.setSize(this.#size())).observe(this.#place)
    dark.addEventListener('change', () => {
      this.#chart?.destroy()
      this.#chart = null
      this.#draw()
    })
  }

  /** @param {object[]} points of the history @param {(points: object[]) => (number | null)[][]} series @param {string} said for who cannot see it */
  show (points, series, said) {
    this.#points = points
    const end = points.at(-1).at
    this.view = views.find(([seconds]) => end - points[0].at <= seconds) ?? views.at(-1)
    this.data = [points.map(point => point.at - end), ...series(points)]
    this.#draw()
    this.#tell(this.#chart.cursor.idx)
    setAttribute(this.#place, 'aria-label', said)
  }

  #size () { return { width: this.#place.clientWidth, height: this.#place.clientHeight } }

  #draw () {
    if (!this.data) return
    if (this.#chart) return this.#chart.setData(this.data)
    const options = this.#make()
    const grid = { stroke: color('grid'), width: 1 }
    const axis = { stroke: color('soft'), grid, ticks: { show: false }, font: '12px system-ui, sans-serif' }
    this.#chart = new UPlot({
      ...this.#size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      hooks: { setCursor: [chart => this.#tell(chart.cursor.idx)] },
      padding: [8, 18, 0, 0],
      ...options,
      scales: { x: { time: false, range: () => [-this.view[0], 0] }, y: options.range },
      axes: [
        { ...axis, size: 28, gap: 8, splits: chart => this.#names(chart.width), values: (_, splits) => splits.map(ago) },
        { ...axis, size: options.axisSize, values: (_, splits) => splits.map(options.tick) }
      ]
    }, this.data, this.#place)
  }

  /** Where the time axis has names: as many as there is room for, from now on back. */
  #names (width) {
    const [seconds, step] = this.view
    const apart = step * Math.ceil(60 * seconds / step / width)
    return Array.from({ length: Math.floor(seconds / apart) + 1 }, (_, i) => -i * apart).reverse()
  }

  /** The legend has the figures under the pointer, or else the newest. */
  #tell (index) {
    const point = this.#points[index ?? this.#points.length - 1]
    if (!point) return
    for (const { value, text } of this.#legend) setText(value, text(point))
  }
}

const steps = UPlot.paths.stepped({ align: -1 })
const area = name => ({ paths: steps, stroke: color(name), fill: color(`${name}-fill`), width: 1.25, points: { show: false }, spanGaps: false })
const line = (name, width) => ({ stroke: color(name), width, points: { show: false }, spanGaps: false })
const known = (value, text) => value === null || value === undefined ? '–' : text(value)

/** A whole number of ticks, and room for something when there is nothing yet. */
const least = (from, to) => (_, low, high) => UPlot.rangeNum(Math.min(from, low ?? 0), Math.max(to, high ?? 0), { min: { pad: 0.1, soft: 0, mode: 1 }, max: { pad: 0.1, soft: 0, mode: 1 } })

export class RatesChart {
  #chart = new Chart('rates', [
    { name: 'Origin', color: 'http', text: point => known(point.http, rate) },
    { name: 'Peers', color: 'p2p', text: point => known(point.p2p, rate) },
    { name: 'Sent', color: 'upload', text: point => known(point.upload, rate) }
  ], () => ({
    range: { range: least(0, 1e6) },
    axisSize: 72,
    tick: value => value === 0 ? '0' : bits(Math.abs(value), 3),
    series: [{}, area('p2p'), area('http'), area('upload')]
  }))

  show (history) {
    const inBits = bytes => bytes === null || bytes === undefined ? null : bytes * 8
    const now = what => rate(history.totalRate(what))
    this.#chart.show(history.points, points => [
      points.map(({ http, p2p }) => inBits(http === null || http === undefined ? null : http + p2p)),
      points.map(({ http }) => inBits(http)),
      points.map(({ upload }) => inBits(upload && -upload))
    ], `Traffic of the last five minutes; now ${now('http')} from the origin, ${now('p2p')} from peers, ${now('upload')} sent to peers`)
  }
}

export class BufferChart {
  #chart = new Chart('buffer', [
    { name: 'This page', color: 'own', text: point => known(point.own, value => `${value.toFixed(1)} s`) },
    { name: 'Least of all players', color: 'least', text: point => known(point.least, value => `${value.toFixed(1)} s`) }
  ], () => ({
    range: { range: least(0, 10) },
    axisSize: 44,
    tick: value => `${value} s`,
    series: [{}, line('own', 2.5), line('soft', 1.25)]
  }))

  show (history) {
    const { own, least } = history.points.at(-1)
    const said = value => known(value, seconds => `${Math.round(seconds)} seconds`)
    this.#chart.show(history.points, points => [points.map(point => point.own ?? null), points.map(point => point.least ?? null)],
      `Buffer of the last five minutes; now ${said(own)} on this page, at least ${said(least)} in all players`)
  }
}
