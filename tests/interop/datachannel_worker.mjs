// The JavaScript counterpart of bench/support/rtc_worker.hpp: one WebRTC peer in a process of its own, driven by the same JSON lines.
//
//   node datachannel_worker.mjs node-datachannel|wrtc

import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'

const implementation = process.argv[2]
const lowWater = 256 * 1024
const highWater = 1024 * 1024
const pattern = randomBytes(256 * 1024)

const say = event => process.stdout.write(JSON.stringify(event) + '\n')

/** Both give {offer, answer, accept, close} and channels with {send, buffered, onLow}; what happens goes to `on`. */
const implementations = {
  async 'node-datachannel' (on) {
    const { default: library } = await import('node-datachannel')
    const make = id => {
      const connection = new library.PeerConnection(String(id), { iceServers: [], bindAddress: '127.0.0.1', maxMessageSize: 262144 })
      const peer = { connection }
      peer.adopt = channel => {
        channel.setBufferedAmountLowThreshold(lowWater)
        peer.channel = {
          send: data => channel.sendMessageBinary(data),
          buffered: () => channel.bufferedAmount()
        }
        channel.onBufferedAmountLow(() => peer.channel.onLow?.())
        channel.onMessage(data => on.message(id, Buffer.from(data)))
        channel.onOpen(() => on.open(id, connection.getSelectedCandidatePair()?.remote.address))
        channel.onClosed(() => on.closed(id, 'channel closed'))
      }
      connection.onGatheringStateChange(state => {
        if (state === 'complete') on.description(id, connection.localDescription().sdp)
      })
      return peer
    }
    return {
      offer (id) {
        const peer = make(id)
        peer.adopt(peer.connection.createDataChannel('p2pml'))
        return peer
      },
      answer (id, sdp) {
        const peer = make(id)
        peer.connection.onDataChannel(channel => {
          peer.adopt(channel)
          if (channel.isOpen()) on.open(id, peer.connection.getSelectedCandidatePair()?.remote.address)
        })
        peer.connection.setRemoteDescription(sdp, 'offer')
        return peer
      },
      accept: (peer, sdp) => peer.connection.setRemoteDescription(sdp, 'answer'),
      close: peer => peer.connection.close()
    }
  },

  async wrtc (on) {
    const { default: { RTCPeerConnection } } = await import('@roamhq/wrtc')
    const make = id => {
      const connection = new RTCPeerConnection({ iceServers: [] })
      const peer = { connection }
      peer.adopt = channel => {
        channel.binaryType = 'arraybuffer'
        channel.bufferedAmountLowThreshold = lowWater
        peer.channel = { send: data => channel.send(data), buffered: () => channel.bufferedAmount }
        channel.onbufferedamountlow = () => peer.channel.onLow?.()
        channel.onmessage = ({ data }) => on.message(id, Buffer.from(data))
        channel.onopen = () => on.open(id, '')
        channel.onclose = () => on.closed(id, 'channel closed')
        if (channel.readyState === 'open') on.open(id, '')
      }
      connection.onicecandidate = ({ candidate }) => {
        if (!candidate) on.description(id, connection.localDescription.sdp)
      }
      return peer
    }
    return {
      offer (id) {
        const peer = make(id)
        peer.adopt(peer.connection.createDataChannel('p2pml'))
        peer.connection.createOffer().then(offer => peer.connection.setLocalDescription(offer))
        return peer
      },
      answer (id, sdp) {
        const peer = make(id)
        peer.connection.ondatachannel = ({ channel }) => peer.adopt(channel)
        peer.connection.setRemoteDescription({ type: 'offer', sdp })
          .then(() => peer.connection.createAnswer())
          .then(answer => peer.connection.setLocalDescription(answer))
        return peer
      },
      accept: (peer, sdp) => peer.connection.setRemoteDescription({ type: 'answer', sdp }),
      close: peer => peer.connection.close()
    }
  }
}

const peers = new Map()

function transfer ({ bytes, message = 65535, hash }) {
  return { goal: bytes, done: 0, messages: 0, message, hash: hash ? createHash('sha256') : null, active: true }
}

function feed (id) {
  const { channel, out } = peers.get(id) ?? {}
  if (!out?.active || !channel) return
  while (out.done < out.goal) {
    if (channel.buffered() > highWater) {
      // Asked again as well: the event does not always come (simple-peer asks every 150 ms).
      clearTimeout(out.timer)
      out.timer = setTimeout(() => feed(id), 20)
      channel.onLow = () => feed(id)
      return
    }
    const size = Math.min(out.message, out.goal - out.done)
    const shift = out.messages * 61 % (pattern.length - size + 1)
    const data = pattern.subarray(shift, shift + size)
    out.hash?.update(data)
    channel.send(data)
    out.done += size
    out.messages++
  }
  out.active = false
  say({ ev: 'sent', id, sha256: out.hash?.digest('hex') ?? '' })
}

const opened = new Set()
const implementationPeers = await implementations[implementation]({
  description: (id, sdp) => say({ ev: 'description', id, sdp }),
  open (id, remoteAddress) {
    if (opened.has(id)) return
    opened.add(id)
    say({ ev: 'open', id, remoteAddress: remoteAddress ?? '' })
    feed(id)
  },
  closed (id, reason) {
    if (!peers.delete(id)) return
    say({ ev: 'closed', id, reason })
  },
  message (id, data) {
    const into = peers.get(id)?.in
    if (!into) return
    into.done += data.length
    into.messages++
    into.hash?.update(data)
    if (!into.active || into.done < into.goal) return
    into.active = false
    say({ ev: 'received', id, bytes: into.done, messages: into.messages, sha256: into.hash?.digest('hex') ?? '' })
  }
})

const commands = {
  offer ({ id }) { peers.set(id, implementationPeers.offer(id)) },
  answer ({ id, sdp }) { peers.set(id, implementationPeers.answer(id, sdp)) },
  accept ({ id, sdp }) { implementationPeers.accept(peers.get(id), sdp) },
  close ({ id }) {
    const peer = peers.get(id)
    peers.delete(id)
    if (peer) implementationPeers.close(peer)
  },
  send (command) {
    peers.get(command.id).out = transfer(command)
    feed(command.id)
  },
  receive (command) {
    peers.get(command.id).in = transfer(command)
    say({ ev: 'receiving', id: command.id })
  },
  usage () {
    const { user, system } = process.cpuUsage()
    const pages = Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1])
    say({
      ev: 'usage',
      cpu: (user + system) / 1e6,
      rss: pages * 4096,
      fds: readdirSync('/proc/self/fd').length,
      threads: readdirSync('/proc/self/task').length
    })
  },
  quit () { process.exit(0) }
}

const lines = createInterface(process.stdin)
lines.on('line', line => {
  const command = JSON.parse(line)
  commands[command.cmd](command)
})
lines.on('close', () => process.exit(0))
