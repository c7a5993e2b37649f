// The page at the gateway's address: plain figures, until there is a richer one.
#pragma once

#include <string_view>

namespace p2pml::gateway {

inline constexpr std::string_view kIndexPage = R"(<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>p2pml gateway</title>
<style>body{font:16px/1.4 sans-serif;margin:1em auto;max-width:50em;padding:0 1em}td,th{padding:.2em .6em;text-align:left}
table{border-collapse:collapse;display:block;overflow-x:auto}th{border-bottom:1px solid}</style>
<h1>p2pml gateway</h1>
<p>Open a stream in any player: <code id="how"></code></p>
<table><thead><tr><th>Stream<th>Players<th>Peers<th>HTTP<th>P2P<th>Uploaded<th>Last error</tr></thead><tbody id="rows"></tbody></table>
<h2>Events</h2><pre id="log" style="white-space:pre-wrap"></pre>
<p>The same figures for programs: <a href="/api/stats">/api/stats</a>, <a href="/metrics">/metrics</a>.</p>
<script>
document.getElementById("how").textContent = location.origin + "/play?url=" + encodeURIComponent("https://example.com/master.m3u8");
const size = (n) => (n / 1e6).toFixed(1) + " MB";
const cell = (row, text) => { row.insertCell().textContent = text; };
async function show() {
  const stats = await (await fetch("/api/stats")).json();
  const rows = document.getElementById("rows");
  rows.textContent = "";
  for (const s of stats.streams) {
    const row = rows.insertRow();
    cell(row, s.manifest + " " + s.label);
    cell(row, s.players.filter((p) => p.active).length);
    cell(row, s.peers.length);
    cell(row, size(s.bytes.http));
    cell(row, size(s.bytes.p2p));
    cell(row, size(s.bytes.upload));
    cell(row, s.lastError ?? "");
  }
  document.getElementById("log").textContent = stats.events.slice(-20).map((e) => e.text).join("\n");
}
show();
setInterval(show, 2000);
</script></html>
)";

}  // namespace p2pml::gateway
