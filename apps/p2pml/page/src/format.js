// Numbers as people read them. Pure.

const steps = (units, base) => (value, round) => {
  let i = 0
  while (i < units.length - 1 && value >= base * 0.9995) {
    value /= base
    i++
  }
  const digits = i === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2
  return `${round ? Number(value.toPrecision(round)) : value.toFixed(digits)} ${units[i]}`
}

/** 1234567 -> "1.23 MB" */
export const bytes = steps(['B', 'kB', 'MB', 'GB', 'TB'], 1000)

/** 8000000, 3 -> "8 Mbit/s": with `round`, so many digits at most. */
export const bits = steps(['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'], 1000)
/** Bytes a second -> "9.88 Mbit/s"; less than a kilobit is nothing. */
export const rate = bytesPerSecond => bytesPerSecond * 8 < 1000 ? '0' : bits(bytesPerSecond * 8)

/** 0.625 -> "63 %" */
export const percent = share => share > 0 && share < 0.01 ? '<1 %' : `${share > 0.99 && share < 1 ? 99 : Math.round(share * 100)} %`

/** Seconds -> "25 ms", "1.2 s" */
export function latency (seconds) {
  if (seconds === null || seconds === undefined) return '–'
  if (seconds < 0.001) return '<1 ms'
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`
}

/** Seconds -> "42 s", "12 min", "3 h 05 min", "2 d 4 h" */
export function duration (seconds) {
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** 1, "peer" -> "1 peer"; 2 -> "2 peers" */
export const count = (n, word) => `${n} ${word}${n === 1 ? '' : 's'}`

/** A peer's id, by those of its digits that differ between peers of one kind. */
export const shortId = id => id.slice(-8)

/** "https://example.com/a/b/master.m3u8?..." -> {host: "example.com", file: "b/master.m3u8"} */
export function stream (manifest) {
  try {
    const url = new URL(manifest)
    return { host: url.host, file: url.pathname.split('/').filter(Boolean).slice(-2).join('/') || '/' }
  } catch {
    return { host: '', file: manifest }
  }
}
