#!/usr/bin/env bash
# Makes the sample streams the project ships: scripts/make_sample.sh [FOLDER], default samples.
#
#   hls/   40 s in two renditions of the same picture
#   dash/  24 s in one, picture and sound apart
#
# A moving test picture with a running clock, and a tone with a beep each second; segments of exactly 2 s, each starting at a key
# frame. Needs ffmpeg (group "media"). One encoder thread and bit-exact flags: the same ffmpeg build makes the same bytes, on any
# machine of the same kind.
set -euo pipefail
cd "$(dirname "$0")/.."
samples=${1:-samples}
out=$samples/hls
dash=$samples/dash
readonly samples out dash seconds=40 dash_seconds=24 segment=2 rate=25

rm -rf "$out" "$dash"
mkdir -p "$out" "$dash/video" "$dash/audio"

# BANDWIDTH is the peak and AVERAGE-BANDWIDTH the mean over all segments, both measured from the files (RFC 8216 section 4.3.4.2).
peak_bits() { find "$1" -name '*.ts' -printf '%s\n' | sort -n | awk -v s=$segment 'END {printf "%d", $1 * 8 / s}'; }
mean_bits() { find "$1" -name '*.ts' -printf '%s\n' | awk -v s=$seconds '{n += $1} END {printf "%d", n * 8 / s}'; }

encode() {  # SECONDS WIDTHxHEIGHT VIDEO-BITS H264-LEVEL MUXER-ARGUMENT...
  local length=$1 size=$2 bits=$3 level=$4
  shift 4
  ffmpeg -nostdin -hide_banner -loglevel error -y \
    -f lavfi -i "testsrc2=size=640x360:rate=$rate" -f lavfi -i "sine=frequency=220:beep_factor=4:sample_rate=48000" -t "$length" \
    -map 0:v -map 1:a -vf "scale=${size/x/:}:flags=bicubic+bitexact+accurate_rnd,format=yuv420p" \
    -c:v libx264 -preset veryslow -profile:v main -level:v "$level" -threads 1 \
    -b:v "$bits" -maxrate "$bits" -bufsize "$bits" -g $((rate * segment)) -keyint_min $((rate * segment)) -sc_threshold 0 \
    -x264-params "open-gop=0:sliced-threads=0" \
    -c:a aac -b:a 48k -ac 1 -flags +bitexact -fflags +bitexact -map_metadata -1 "$@"
}

rendition() {  # NAME WIDTHxHEIGHT VIDEO-BITS H264-LEVEL
  local name=$1
  mkdir -p "$out/$name"
  encode $seconds "${@:2}" \
    -f hls -hls_time $segment -hls_playlist_type vod -hls_list_size 0 -hls_flags independent_segments \
    -hls_segment_filename "$out/$name/%03d.ts" "$out/$name/index.m3u8"
}

rendition 360p 640x360 400k 3.0
rendition 180p 320x180 140k 1.3

# The muxer knows representations by number.
encode $dash_seconds 320x180 140k 1.3 -f dash -seg_duration $segment -use_template 1 -use_timeline 0 \
  -adaptation_sets 'id=0,streams=v id=1,streams=a' -init_seg_name '$RepresentationID$-init.mp4' \
  -media_seg_name '$RepresentationID$-$Number%03d$.m4s' "$dash/manifest.mpd"
for place in 0 1; do
  [ $place = 0 ] && name=video || name=audio
  for file in "$dash/$place"-*; do mv "$file" "$dash/$name/${file#"$dash/$place-"}"; done
  sed -i "s/<Representation id=\"$place\"/<Representation id=\"$name\"/" "$dash/manifest.mpd"
done
sed -i 's/\$RepresentationID\$-/$RepresentationID$\//g' "$dash/manifest.mpd"

# avc1.4d40LL: main profile, no further constraints, the level in hex (RFC 6381 section 3.3); mp4a.40.2: AAC-LC.
cat >"$out/master.m3u8" <<PLAYLIST
#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=$(peak_bits "$out/360p"),AVERAGE-BANDWIDTH=$(mean_bits "$out/360p"),CODECS="avc1.4d401e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=$rate.000
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=$(peak_bits "$out/180p"),AVERAGE-BANDWIDTH=$(mean_bits "$out/180p"),CODECS="avc1.4d400d,mp4a.40.2",RESOLUTION=320x180,FRAME-RATE=$rate.000
180p/index.m3u8
PLAYLIST
du -sb "$out" "$dash" | awk '{print $1 " bytes in " $2}'
