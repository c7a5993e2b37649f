// The seed's namespace: what is behind window.p2pml.core, and what the package exports.
//
// The build resolves "#module" to the module as WebAssembly or as JavaScript, and VERSION to the project's.

import instantiate from '#module'

import { Events } from './events.mjs'
import { makeHybridLoader } from './hybrid_loader.mjs'
import { Segment } from './segment.mjs'

export { Events, Segment }
export const HybridLoader = makeHybridLoader(instantiate)
/* global VERSION */
export const version = VERSION
