// Plays streams with hls.js and dash.js in real Chromium, all at once: `browser_players.mjs '[{"id", "player", "url", "seconds"}]'`.
//
// "player": "hls" or "dash". Each plays until the stream ends, or for so many seconds. Prints one JSON object:
// {"versions": {player: version}, "results": {id: {"fragments": [{"track", "item", "size"}], "video": {"time", "ended", "frames",
// "dropped", "waits", "waited"}, "errors": []}}}; waited: milliseconds. Part of the player matrix; the npm packages are those of tests/interop.

import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { Browser } from '../interop/lib/browser.mjs'
import { Origin } from '../interop/lib/origin.mjs'

const pages = path.join(path.dirname(fileURLToPath(import.meta.url)), 'pages')
const jobs = JSON.parse(process.argv[2])
const host = await Origin.start({ '/matrix/': pages })
const browser = await Browser.start()
const versions = { Chromium: browser.version }

async function play ({ id, player, url, seconds }) {
  const result = { fragments: [], video: {}, errors: [] }
  try {
    const page = await browser.open(`${host.url}/matrix/${player}.html`, id)
    versions[player] = page.ready.version
    page.onReport = ({ fragment, video, error }) => {
      if (fragment) result.fragments.push(fragment)
      if (video) result.video = video
      if (error) result.errors.push(error)
    }
    await page.evaluate(job => { window.start(job) }, { url })
    // A stream that does not end is played for as long as was asked for.
    await page.until(() => result.video.ended || result.errors.length > 0, 'the end', seconds * 1000).catch(() => {})
    result.errors.push(...page.errors)
    await page.close()
  } catch (error) {
    result.errors.push(String(error))
  }
  return [id, result]
}

const results = Object.fromEntries(await Promise.all(jobs.map(play)))
console.log(JSON.stringify({ versions, results }))
await browser.stop()
await host.stop()
