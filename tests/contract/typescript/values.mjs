// Values that JSON does not have: what the worker returns and sends, and the tests expect.
export const typed = () => {
  const shared = { n: 1 };
  return {
    when: new Date('2026-01-02T03:04:05.678Z'),
    big: 12345678901234567890n,
    tags: new Set(['a', 'b']),
    lists: new Set([[1], [2]]),
    prices: new Map([[1, 'one'], [2.5, new Date(0)]]),
    nothing: undefined,
    numbers: [NaN, Infinity, -Infinity, -0],
    pattern: /a\/b/gi,
    home: new URL('http://localhost/x?y=1'),
    trouble: new TypeError('no stock'),
    raw: Buffer.from([0, 255]),
    floats: new Float64Array([0.5, 2]),
    pair: [shared, shared],
    'dotted.key': { 'a.b': 1n },
    '': [{ '': new Set([1n]) }],
  };
};
