// What require('debug') answers: loggers that write to the console where localStorage.debug has their name.

const enabled = []

/** Comma or space separated names, `*` for anything; as the debug package reads them. */
function enable (names) {
  enabled.length = 0
  for (const name of String(names || '').split(/[\s,]+/).filter(Boolean)) {
    enabled.push(new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`))
  }
}

export function debug (name) {
  const log = (...args) => { if (log.enabled) console.debug(name, ...args) }
  log.namespace = name
  log.enabled = enabled.some(pattern => pattern.test(name))
  log.extend = more => debug(`${name}:${more}`)
  return log
}

debug.debug = debug.default = debug
debug.enable = enable
debug.disable = () => { enabled.length = 0 }
debug.enabled = name => enabled.some(pattern => pattern.test(name))

try {
  enable(localStorage.debug)
} catch (error) {
  // no storage here, or not allowed: nothing is logged
}
