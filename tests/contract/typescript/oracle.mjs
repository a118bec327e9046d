// What the SDK's serializer makes of values and texts.
// A question is `{expression}`, to be written, `{text}`, to be read and written again, or `{thrown}`.
import { inspect } from 'node:util';
import { DBOSJSON, serializeResErrorWithSerializer } from './sdk.mjs';

const evaluate = (expression) => new Function(`return (${expression})`)();
const describe = (value) => inspect(value, { depth: null, breakLength: Infinity });

export const consult = async ({ expression, text, thrown }) => {
  if (thrown) {
    const name = DBOSJSON.name();
    const row = await serializeResErrorWithSerializer(evaluate(thrown), DBOSJSON, name);
    return { text: row.serializedValue };
  }
  if (expression) {
    const value = evaluate(expression);
    return { text: DBOSJSON.stringify(value), shown: describe(value) };
  }
  const value = DBOSJSON.parse(text);
  return { text: DBOSJSON.stringify(value), shown: describe(value) };
};
