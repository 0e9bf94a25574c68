import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { listOptions, watchOptions } from './list-options.js'

const query = (text: string) => new URLSearchParams(text)

describe('list options', () => {
  const good: readonly (readonly [string, object])[] = [
    ['', { limit: 0, continue: '', revision: undefined, match: '' }],
    ['limit=5', { limit: 5, continue: '', revision: undefined, match: '' }],
    ['limit=-5', { limit: 0, continue: '', revision: undefined, match: '' }],
    ['resourceVersion=0', { limit: 0, continue: '', revision: 0, match: '' }],
    ['resourceVersion=7&resourceVersionMatch=Exact', { limit: 0, continue: '', revision: 7, match: 'Exact' }],
    ['continue=x&limit=1', { limit: 1, continue: 'x', revision: undefined, match: '' }],
    ['continue=x&resourceVersion=0', { limit: 0, continue: 'x', revision: 0, match: '' }],
  ]
  for (const [text, expected] of good) it(text || 'none', () => assert.deepEqual(listOptions(query(text)), expected))

  const bad: readonly (readonly [string, number, RegExp])[] = [
    ['limit=x', 400, /^strconv.ParseInt: parsing "x": invalid syntax$/],
    ['limit=1e3', 400, /invalid syntax$/],
    ['limit=99999999999999999999', 400, /value out of range$/],
    ['resourceVersion=abc', 400, /^invalid resource version: /],
    ['resourceVersion=-1', 400, /^invalid resource version: /],
    ['resourceVersion=1.5', 400, /^invalid resource version: /],
    ['continue=x&resourceVersion=3', 400, /^specifying resource version is not allowed when using continue$/],
    ['resourceVersionMatch=Exact', 422, /forbidden unless resourceVersion is provided$/],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422, /"exact" is forbidden for resourceVersion "0"$/],
    ['resourceVersion=1&resourceVersionMatch=Some', 422, /supported values: "Exact", "NotOlderThan", ""$/],
    ['resourceVersion=1&resourceVersionMatch=Exact&continue=x', 422, /when continue is provided$/],
    ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list$/],
  ]
  for (const [text, code, message] of bad)
    it(`refuses ${text}`, () => assert.throws(() => listOptions(query(text)), { code, message }))
})

describe('watch options', () => {
  const none = { revision: undefined, sendInitialEvents: undefined, bookmarks: false, timeoutSeconds: 0 }
  const good: readonly (readonly [string, object])[] = [
    ['watch=1', none],
    ['resourceVersion=0', { ...none, revision: 0 }],
    ['resourceVersion=9&allowWatchBookmarks=true', { ...none, revision: 9, bookmarks: true }],
    ['timeoutSeconds=5', { ...none, timeoutSeconds: 5 }],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan', { ...none, sendInitialEvents: true }],
    ['sendInitialEvents=0&resourceVersionMatch=NotOlderThan', { ...none, sendInitialEvents: false }],
  ]
  for (const [text, expected] of good) it(text, () => assert.deepEqual(watchOptions(query(text)), expected))

  const bad: readonly (readonly [string, number, RegExp])[] = [
    ['resourceVersion=x', 400, /^invalid resource version: /],
    ['timeoutSeconds=x', 400, /^strconv.ParseInt/],
    ['sendInitialEvents=true', 422, /requires setting resourceVersionMatch to NotOlderThan$/],
    ['resourceVersionMatch=NotOlderThan', 422, /forbidden for watch unless sendInitialEvents is provided$/],
    ['sendInitialEvents=true&resourceVersionMatch=Exact', 422, /supported values: "NotOlderThan"\]$/],
    ['sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x', 422, /when continue is provided$/],
  ]
  for (const [text, code, message] of bad)
    it(`refuses ${text}`, () => assert.throws(() => watchOptions(query(text)), { code, message }))
})
