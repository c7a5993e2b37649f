// Prints in what p2pml and the parsers differ: node compare.mjs [NAME]. For whoever adds a manifest.
import { baseOf, differences, filesOf, ours, parsers, probe, textOf } from './corpus.mjs';

for (const [name, parser] of Object.entries(parsers)) {
  for (const file of filesOf(parser.folder)) {
    if (process.argv[2] && !file.includes(process.argv[2])) continue;
    let mine;
    let theirs;
    try {
      mine = ours(probe(parser.folder, file));
    } catch (error) {
      console.log(name, file, 'p2pml refuses:', error.message);
      continue;
    }
    if (parser.folder === 'hls') mine = new Map([...mine].map(([key, rows]) => [key.slice(key.indexOf(' ') + 1), rows]));
    try {
      theirs = parser.read(textOf(parser.folder, file), baseOf(file));
    } catch (error) {
      console.log(name, file, 'refuses:', error.message);
      continue;
    }
    const found = differences(mine, theirs);
    if (found.length === 0) continue;
    console.log(name, file, found.join(' '));
    if (!process.argv[2]) continue;
    for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
      console.log(' ', key, mine.get(key)?.length, theirs.get(key)?.length);
      console.log('    p2pml ', JSON.stringify(mine.get(key)?.slice(0, 3)), JSON.stringify(mine.get(key)?.at(-1)));
      console.log('    theirs', JSON.stringify(theirs.get(key)?.slice(0, 3)), JSON.stringify(theirs.get(key)?.at(-1)));
    }
  }
}
