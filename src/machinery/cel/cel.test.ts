import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bool,
  CelCompileError,
  CelCostError,
  type CelEnvironment,
  CelError,
  compile,
  dyn,
  int,
  listOf,
  mapOf,
  objectType,
  text,
  toJson,
} from './index.js'

const environment: CelEnvironment = {
  variables: {
    self: objectType('Self', {
      name: { kind: 'string', maxElements: 20 },
      size: int,
      tags: { ...listOf({ kind: 'string', maxElements: 10 }), maxElements: 10 },
      labels: mapOf(text, text),
    }),
    object: dyn,
  },
}
const values = {
  self: { name: 'ann', size: 3, tags: ['a', 'b'], labels: { x: '1' } },
  object: { metadata: { name: 'o', labels: { app: 'web' } }, list: [1, 2.5, 'x', null], n: 2 },
}

const run = (source: string): unknown => toJson(compile(source, environment).evaluate(values).value)

describe('CEL values', () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['1 + 2 * 3 - 4 / 2 % 2', 7],
    ['-self.size + 10', 7],
    ['!(self.size > 2) || self.name == "ann"', true],
    ['self.size > 2.5', true],
    ['1u + 2u == 3u', true],
    ['0x10 + 1', 17],
    ['1.5e1 + .5', 15.5],
    ['"a\\n\\u00e9\\x41" == "a\\né" + "A"', true],
    ['r"\\d" + b"a".size().format([]) == ""', new CelCompileError('')],
    ["self.tags.all(t, t in ['a', 'b'])", true],
    ["self.tags.exists(t, t == 'b')", true],
    ["self.tags.exists_one(t, t == 'b')", true],
    ['self.tags.map(t, t + "!")', ['a!', 'b!']],
    ['self.tags.map(t, t != "a", t)', ['b']],
    ['self.tags.filter(t, t != "a")', ['b']],
    ['self.tags.all(i, t, i < 2 && t != "")', true],
    ['self.tags.transformList(i, t, string(i) + t)', ['0a', '1b']],
    ['self.labels.transformMap(k, v, k + v)', { x: 'x1' }],
    ['self.labels.transformMapEntry(k, v, {v: k})', { '1': 'x' }],
    ['self.labels.all(k, self.labels[k] == "1")', true],
    ['has(self.name) && !has(self.labels.y)', true],
    ['object.list[1]', 2.5],
    ['object.metadata.?labels.app.orValue("none")', 'web'],
    ['object.?spec.replicas.orValue(1)', 1],
    ['object.?metadata.?name.hasValue()', true],
    ['[?object.?spec, ?object.?n]', [2]],
    ['object[?"n"].optMap(n, n + 1).orValue(0)', 3],
    ['cel.bind(x, self.size, x * x)', 9],
    ['self.size == 3 ? "three" : "other"', 'three'],
    ['1 / 0 == 1 || true', true],
    ['type(self.size) == int && type("") == string', true],
    ['size("héllo") + [1, 2].size() + {"a": 1}.size()', 8],
    ['"a,b,c".split(",", 2).join("|")', 'a|b,c'],
    ['"tacocat".indexOf("c") + "tacocat".lastIndexOf("c")', 6],
    ['"hello".substring(1, 3) + "x".upperAscii() + " a ".trim()', 'elXa'],
    ['"hello hello".replace("he", "we", 1)', 'wello hello'],
    ['"%s is %d and %.2f %x".format(["a", 1, 1.5, 255])', 'a is 1 and 1.50 ff'],
    ['"abc123".find("[0-9]+") + "a1b2".findAll("[0-9]").join()', '12312'],
    ['"v1".matches("^v[0-9]$")', true],
    ['[1, 2, 3].sum() + [3, 1].min() + [3, 1].max()', 10],
    ['[1, 2].isSorted() && ![2, 1].isSorted()', true],
    ['["a", "b", "a"].lastIndexOf("a")', 2],
    ['sets.contains([1, 2], [1]) && sets.equivalent([1, 2], [2, 1, 1]) && !sets.intersects([1], [2])', true],
    ['quantity("1.5Gi").isGreaterThan(quantity("1Gi")) && quantity("1k").asInteger() == 1000', true],
    ['quantity("200M").add(quantity("20k")) == quantity("200020k")', true],
    ['url("https://a.example:80/p%20x?q=1").getPort() + url("https://a.example:80/x").getHostname()', '80a.example'],
    ['isURL("/a") && !isURL("a")', true],
    ['ip("::1").isLoopback() && ip("10.0.0.1").family() == 4 && !isIP("1.2.3")', true],
    ['cidr("10.0.0.0/8").containsIP("10.1.2.3") && cidr("10.0.0.0/8").containsCIDR("10.1.0.0/16")', true],
    ['string(ip("10.0.0.1")) + string(cidr("10.0.0.1/8").masked())', '10.0.0.110.0.0.0/8'],
    ['semver("1.2.3").isLessThan(semver("1.10.0-rc.1")) && isSemver("v1.2", true)', true],
    [
      'format.dns1123Label().validate("a_b").hasValue() && !format.named("uuid").value().validate("x").hasValue()',
      false,
    ],
    ['timestamp("2024-01-02T03:04:05Z").getFullYear() + duration("1h30m").getMinutes()', 2114],
    ['timestamp("2024-01-02T03:04:05Z") - duration("1h") < timestamp("2024-01-02T03:04:05Z")', true],
    ['string(1.0) + string(duration("90s")) + string(true)', '190strue'],
    ['int("42") + int(3.9) + int(2u)', 47],
    ['{"a": 1, "b": 2} == {"b": 2, "a": 1.0}', new CelCompileError('')],
    ['object.n == 2.0', true],
    ["dyn(1) == 'a'", false],
  ]
  for (const [source, expected] of cases)
    it(source, () => {
      if (expected instanceof Error) assert.throws(() => run(source), CelCompileError)
      else assert.deepEqual(run(source), expected)
    })
})

describe('CEL compilation errors', () => {
  const beginnings = `{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`
  const cases: readonly (readonly [string, string])[] = [
    ['1 +', `<input>:1:4: Syntax error: mismatched input '<EOF>' expecting ${beginnings}\n | 1 +\n | ...^`],
    ['x == 1', "<input>:1:1: undeclared reference to 'x' (in container '')\n | x == 1\n | ^"],
    ['self.nam', "<input>:1:5: undefined field 'nam'\n | self.nam\n | ....^"],
    [
      'self.size + "a"',
      `<input>:1:11: found no matching overload for '_+_' applied to '(int, string)'\n | self.size + "a"\n | ..........^`,
    ],
    ['foo(1)', "<input>:1:4: undeclared reference to 'foo' (in container '')\n | foo(1)\n | ...^"],
    [
      'self.name.startsWith(1)',
      "<input>:1:21: found no matching overload for 'startsWith' applied to 'string.(int)'\n | self.name.startsWith(1)\n | ....................^",
    ],
    [
      'self.size.all(x, true)',
      "<input>:1:5: expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)\n | self.size.all(x, true)\n | ....^",
    ],
  ]
  for (const [source, expected] of cases)
    it(source, () =>
      assert.throws(() => compile(source, environment), {
        name: 'CelCompileError',
        message: `compilation failed: ERROR: ${expected}`,
      }),
    )

  it('looks at patterns that are written out', () => {
    const fault = (expr: string) => `program instantiation failed: error parsing regexp: missing closing ): \`${expr}\``
    for (const source of [
      'self.name.matches("a(")',
      'matches(self.name, "a(")',
      'self.name.find("a(") == ""',
      '["a"].all(x, x.findAll("a(", 2).size() > 0)',
    ])
      assert.throws(() => compile(source, environment), { message: fault('a(') }, source)
    assert.throws(() => run('"a".matches("a" + "(")'), {
      name: 'CelError',
      message: fault('a(').replace(/^.*failed: /, ''),
    })
  })

  it('says what the result must be', () => {
    assert.throws(() => compile('1', environment, [bool]), { message: 'must evaluate to bool but got int' })
    assert.equal(compile('object.x', environment, [bool]).resultType.kind, 'dyn')
  })
})

describe('CEL evaluation errors', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['object.spec == 1', 'no such key: spec'],
    ['object.list[7] == 1', 'index out of bounds: 7'],
    ['object.n + "a" == ""', 'no such overload'],
    ['1 / (self.size - 3) == 1', 'division by zero'],
    ['9223372036854775807 + self.size > 1', 'return error for overflow'],
    ['object.missing && true', 'no such key: missing'],
  ]
  for (const [source, expected] of cases)
    it(source, () =>
      assert.throws(
        () => run(source),
        (error: unknown) => error instanceof CelError && error.message === expected,
      ),
    )

  it('gives up what is too costly', () => {
    const program = compile('[1, 2, 3].all(a, [1, 2, 3].all(b, a + b > 0))', environment)
    assert.ok(program.evaluate({}).cost > 50)
    assert.throws(() => program.evaluate({}, { costLimit: 50 }), CelCostError)
  })
})

describe('CEL cost estimates', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['self.size < 10', 2],
    ['self.name == "x"', 3],
    ['self.tags.all(t, t.startsWith("t"))', 2 + 10 * (2 + 1 + 2) + 1],
    ['"bad tags: " + string(self.tags.size())', 2 ** 64],
  ]
  for (const [source, expected] of cases)
    it(source, () => {
      const { max } = compile(source, environment).estimatedCost
      if (expected === 2 ** 64) assert.ok(max > 1e18)
      else assert.equal(max, expected)
    })
})
