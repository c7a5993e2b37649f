// An EventEmitter with the methods and rules of node's, which 0.6.2 was built on: integrations inherit from it.

const noListeners = []

export class EventEmitter {
  // Subclasses of others need not call the constructor before they use it (function-style inheritance), so the table is made on demand.

  on (name, listener) { return add(this, name, listener, listener, false) }
  addListener (name, listener) { return add(this, name, listener, listener, false) }
  prependListener (name, listener) { return add(this, name, listener, listener, true) }
  once (name, listener) { return add(this, name, listener, onceOnly(this, name, listener), false) }
  prependOnceListener (name, listener) { return add(this, name, listener, onceOnly(this, name, listener), true) }

  removeListener (name, listener) {
    check(listener)
    const entries = entriesOf(this, name)
    for (let i = entries.length - 1; i >= 0; --i) {
      if (entries[i] !== listener && entries[i].listener !== listener) continue
      keep(this, name, entries.filter((_entry, place) => place !== i))
      if (entriesOf(this, 'removeListener').length) this.emit('removeListener', name, listener)
      break
    }
    return this
  }

  off (name, listener) { return this.removeListener(name, listener) }

  removeAllListeners (name) {
    if (name === undefined) this._events = new Map()
    else keep(this, name, noListeners)
    return this
  }

  emit (name, ...args) {
    const entries = entriesOf(this, name)
    if (!entries.length) {
      if (name === 'error') throw args[0] instanceof Error ? args[0] : new Error(`Unhandled error. (${args[0]})`)
      return false
    }
    for (const entry of entries) entry.apply(this, args)
    return true
  }

  eventNames () { return this._events ? [...this._events.keys()] : [] }
  listenerCount (name) { return entriesOf(this, name).length }
  listeners (name) { return entriesOf(this, name).map(entry => entry.listener || entry) }
  rawListeners (name) { return entriesOf(this, name).slice() }
  getMaxListeners () { return Infinity }
  setMaxListeners () { return this }
}

/** As it is now: adding and removing make new arrays, so that an event under way reaches those it began with. */
export function entriesOf (emitter, name) {
  return (emitter._events && emitter._events.get(name)) || noListeners
}

function keep (emitter, name, entries) {
  emitter._events = emitter._events || new Map()
  if (entries.length) emitter._events.set(name, entries)
  else emitter._events.delete(name)
}

function check (listener) {
  if (typeof listener !== 'function') throw new TypeError(`The "listener" argument must be of type Function. Received ${typeof listener}`)
}

function add (emitter, name, listener, entry, isFirst) {
  check(listener)
  if (entriesOf(emitter, 'newListener').length) emitter.emit('newListener', name, listener)
  const entries = entriesOf(emitter, name)
  keep(emitter, name, isFirst ? [entry, ...entries] : [...entries, entry])
  return emitter
}

function onceOnly (emitter, name, listener) {
  check(listener)
  let isDone = false
  const entry = function (...args) {
    if (isDone) return
    isDone = true
    emitter.removeListener(name, entry)
    listener.apply(emitter, args)
  }
  entry.listener = listener
  return entry
}

// require('events') gives the class itself, which has itself as a member.
EventEmitter.EventEmitter = EventEmitter
EventEmitter.defaultMaxListeners = 10
