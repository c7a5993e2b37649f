// page/dash.js: the library alone, loaded when an MPEG-DASH stream is played.
export { MediaPlayer } from 'dashjs'
