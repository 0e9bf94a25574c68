import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HtmlLinks, rewriteLink } from './link-rewriting.js'
import { schemeNamePort } from './scheme-name-port.js'

const base = { prefix: '/api/proxy', backendHost: '10.0.0.1:80', clientHost: 'server:6443' }

test('links to the root of a backend lead through the proxy', () => {
  for (const [link, expected] of [
    ['/', '/api/proxy/'],
    ['/a/b?c=d#e', '/api/proxy/a/b?c=d#e'],
    ['/a/', '/api/proxy/a/'],
    ['/api/proxy/a', '/api/proxy/a'],
    ['a/b', 'a/b'],
    ['?q', '?q'],
    ['#x', '#x'],
    ['mailto:a@b', 'mailto:a@b'],
    ['http://10.0.0.1:80/a', '/api/proxy/a'],
    ['http://server:6443/a', 'http://server:6443/api/proxy/a'],
    ['http://other/a', 'http://other/a'],
    ['//other/a', '//other/a'],
  ] as const)
    assert.equal(rewriteLink(link, base), expected, link)
})

const pages: readonly (readonly [string, string])[] = [
  ['<a href="/x">y</a>', '<a href="/api/proxy/x">y</a>'],
  ["<A class=b HREF='/x'>", '<A class=b HREF="/api/proxy/x">'],
  ['<img src=/x.png alt=/x>', '<img src="/api/proxy/x.png" alt=/x>'],
  ['<a href="/x?a=1&amp;b=2">', '<a href="/api/proxy/x?a=1&amp;b=2">'],
  ['<a title="a > b" href="/x">', '<a title="a > b" href="/api/proxy/x">'],
  ['<!-- <a href="/x"> --><p href="/x">', '<!-- <a href="/x"> --><p href="/x">'],
  [
    '<script src="/s.js">"<a href=\'/x\'>" < 1</script><a href="/x">',
    '<script src="/api/proxy/s.js">"<a href=\'/x\'>" < 1</script><a href="/api/proxy/x">',
  ],
  ['a < b <a href', 'a < b <a href'],
  ['<form action="/f"/><base href="/">', '<form action="/api/proxy/f"/><base href="/api/proxy/">'],
]

test('links of a page are rewritten, wherever its pieces end', () => {
  for (const [page, expected] of pages)
    for (let size = 1; size <= page.length; size++) {
      const links = new HtmlLinks(link => rewriteLink(link, base))
      let text = ''
      for (let at = 0; at < page.length; at += size) text += links.push(page.slice(at, at + size))
      assert.equal(text + links.end(), expected, `${page} in pieces of ${size}`)
    }
})

test('names of proxied objects', () => {
  for (const [id, expected] of [
    ['a', { scheme: '', name: 'a', port: '' }],
    ['a:80', { scheme: '', name: 'a', port: '80' }],
    ['https:a:web', { scheme: 'https', name: 'a', port: 'web' }],
    ['https:a:', { scheme: 'https', name: 'a', port: '' }],
    [':a:80', { scheme: '', name: 'a', port: '80' }],
    ['ftp:a:80', undefined],
    ['a:b:c:d', undefined],
    [':80', undefined],
  ] as const)
    assert.deepEqual(schemeNamePort(id), expected, id)
})
