// page/hls.js: the library alone, loaded when an HLS stream is played.
export { default as Hls } from 'hls.js'
