// The EventEmitter that pages and integrations get, against node's own: the same calls give the same.

import assert from 'node:assert/strict'
import { EventEmitter as Node } from 'node:events'
import { test } from 'node:test'

import { EventEmitter as Ours } from '../src/event_emitter.mjs'

/** Runs the same on both and compares what it returns. */
function same (name, run) {
  test(name, () => assert.deepEqual(run(Ours), run(Node)))
}

same('on, addListener, prependListener, once: order, arguments, this, return values', Emitter => {
  const emitter = new Emitter()
  const heard = []
  const note = name => function (...args) { heard.push([name, this === emitter, ...args]) }
  const returned = [emitter.on('x', note(1)), emitter.addListener('x', note(2)), emitter.prependListener('x', note(3)), emitter.once('x', note(4)),
    emitter.prependOnceListener('x', note(5))].map(value => value === emitter)
  return [returned, emitter.emit('x', 'a', 'b', 'c', 'd'), emitter.emit('x'), emitter.emit('y'), heard, emitter.listenerCount('x'), emitter.eventNames()]
})

same('removeListener: the latest of equal ones, also by what once() was given; off; removeAllListeners', Emitter => {
  const emitter = new Emitter()
  const heard = []
  const a = () => heard.push('a')
  const b = () => heard.push('b')
  emitter.on('x', a).on('x', b).on('x', a).once('x', b)
  const counts = [emitter.listenerCount('x')]
  emitter.removeListener('x', b)
  counts.push(emitter.listenerCount('x'))
  emitter.off('x', a).off('x', () => {})
  emitter.emit('x')
  counts.push(emitter.listeners('x').length, emitter.listeners('x')[0] === a, emitter.rawListeners('none').length)
  emitter.on('y', a).removeAllListeners('x')
  counts.push(emitter.listenerCount('x'), emitter.listenerCount('y'))
  emitter.removeAllListeners()
  return [counts, heard, emitter.eventNames()]
})

same('listeners added and removed while an event is under way', Emitter => {
  const emitter = new Emitter()
  const heard = []
  const late = () => heard.push('late')
  const gone = () => heard.push('gone')
  emitter.on('x', () => {
    emitter.on('x', late)
    emitter.removeListener('x', gone)
  })
  emitter.on('x', gone)
  emitter.emit('x')
  return heard
})

same('once() is gone before its listener runs', Emitter => {
  const emitter = new Emitter()
  let count = 0
  emitter.once('x', () => {
    ++count
    emitter.emit('x')
  })
  emitter.emit('x')
  return count
})

same('newListener and removeListener', Emitter => {
  const emitter = new Emitter()
  const heard = []
  const f = () => {}
  emitter.on('newListener', (name, listener) => heard.push(['new', name, listener === f, emitter.listenerCount('x')]))
  emitter.on('removeListener', (name, listener) => heard.push(['removed', name, listener === f]))
  emitter.on('x', f).once('x', f).removeListener('x', f)
  emitter.emit('x')
  return heard.map(String)
})

for (const [name, run] of [
  ['an error that nobody listens to', Emitter => new Emitter().emit('error', new RangeError('mine'))],
  ['a listener that is no function', Emitter => new Emitter().on('x', 5)],
  ['a throwing listener', Emitter => new Emitter().on('x', () => { throw new SyntaxError('mine') }).emit('x')]
]) {
  same(`throws: ${name}`, Emitter => {
    try {
      run(Emitter)
    } catch (error) {
      return [error.name, error.message.slice(0, 20)]
    }
  })
}

test('require("events") is the class, which has itself as a member; old-style inheritance works', () => {
  assert.equal(Ours.EventEmitter, Ours)
  class Sub extends Ours.EventEmitter {}
  assert.ok(new Sub() instanceof Ours)
})
