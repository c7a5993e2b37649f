// The page at the gateway's address. What the gateway tells once a second goes to each part of it.

import { BufferChart, RatesChart } from './charts.js'
import { byId, setText } from './dom.js'
import { Feed } from './feed.js'
import { showFigures } from './figures.js'
import { History } from './history.js'
import { showNetwork } from './network.js'
import { Log, showPeers, showStreams } from './tables.js'
import { Watch } from './watch.js'

const watch = new Watch()
const history = new History()
const charts = [new RatesChart(), new BufferChart()]
const log = new Log()
const feed = new Feed()
let latest = null

function show () {
  if (!latest) return
  showFigures(latest, history)
  for (const chart of charts) chart.show(history)
  showNetwork(latest, history)
  showPeers(latest, history)
  showStreams(latest, url => {
    byId('address').scrollIntoView({ block: 'center' })
    watch.open(url)
  })
}

feed.addEventListener('stats', ({ detail: stats }) => {
  latest = stats
  log.setClock(stats.now)
  history.add(stats, watch.buffer)
  setText(byId('link'), 'Connected')
  show()
})
feed.addEventListener('log', ({ detail: events }) => log.add(events))
feed.addEventListener('state', ({ detail: state }) => {
  byId('link').dataset.state = state
  document.body.classList.toggle('stale', state === 'gone')
  if (state === 'gone') setText(byId('link'), 'The gateway does not answer; trying again')
})
new ResizeObserver(() => latest && showNetwork(latest, history)).observe(byId('network'))
feed.start()
