import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deployment } from '../api/apps/v1/index.js'
import { nameMatcher, type RequestMatch, requestMatcher, resourceMatcher } from './request-match.js'

describe('names', () => {
  const table: [readonly string[] | undefined, string, boolean][] = [
    [undefined, '', true],
    [['a'], 'a', true],
    [['a'], 'ab', false],
    [['a*'], 'ab', true],
    [['*'], '', false],
    [['a.b'], 'axb', false],
    [['team-*', '!team-blue'], 'team-red', true],
    [['team-*', '!team-blue'], 'team-blue', false],
    [['!kube-*'], 'default', true],
    [['!kube-*'], 'kube-system', false],
    [['!kube-*'], '', true],
    [[], 'a', true],
  ]
  for (const [patterns, name, expected] of table)
    it(`${JSON.stringify(patterns)} and ${JSON.stringify(name)}`, () =>
      assert.equal(nameMatcher(patterns)(name), expected))
})

describe('resources', () => {
  const deployments = { group: 'apps', plural: 'deployments', subresource: '' }
  const exec = { group: '', plural: 'pods', subresource: 'exec' }
  const table: [Parameters<typeof resourceMatcher>[0], Parameters<ReturnType<typeof resourceMatcher>>[0], boolean][] = [
    [undefined, exec, true],
    [[Deployment], deployments, true],
    [[Deployment], { ...deployments, subresource: 'scale' }, false],
    [[Deployment], { ...deployments, group: 'example.com' }, false],
    [['deployments'], deployments, true],
    [['deployments.apps'], deployments, true],
    [['deployments.apps'], { ...deployments, group: 'example.com' }, false],
    [['*'], deployments, true],
    [['*'], exec, false],
    [['*/*'], exec, true],
    [['*.apps'], deployments, true],
    [['*.apps'], exec, false],
    [['pods/exec'], exec, true],
    [['pods/*'], exec, true],
    [['pods'], exec, false],
    [['*.*.example.com'], { ...deployments, group: 'a.example.com' }, true],
  ]
  for (const [rules, resource, expected] of table)
    it(`${JSON.stringify(rules?.map(rule => (typeof rule === 'string' ? rule : 'Deployment')))} and ${JSON.stringify(resource)}`, () =>
      assert.equal(resourceMatcher(rules)(resource), expected))
})

describe('requests', () => {
  const user = { name: 'jane', groups: ['dev', 'ops'] }
  const pods = { group: '', version: 'v1', plural: 'pods', subresource: '', namespace: 'a', name: '', rest: '' }
  const list = { verb: 'list', path: '/api/v1/namespaces/a/pods', resource: pods }
  const health = { verb: 'get', path: '/healthz' }
  const table: [RequestMatch, typeof list | typeof health, boolean][] = [
    [{}, list, true],
    [{}, health, true],
    [{ resources: ['pods'] }, list, true],
    [{ resources: ['pods'] }, health, false],
    [{ namespaces: ['b'] }, list, false],
    [{ verbs: ['!list'] }, list, false],
    [{ verbs: ['get'] }, health, true],
    [{ users: ['j*'] }, list, true],
    [{ groups: ['ops'] }, list, true],
    [{ groups: ['admins'] }, list, false],
    [{ groups: ['!ops'] }, list, false],
    [{ groups: ['!admins'] }, list, true],
    [{ groups: ['dev', '!ops'] }, list, false],
  ]
  for (const [match, request, expected] of table)
    it(`${JSON.stringify(match)} and ${request.path}`, () =>
      assert.equal(requestMatcher(match)(user, request), expected))
})
