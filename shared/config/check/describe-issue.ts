import type { BaseIssue } from 'valibot';

/** Longer lists are named in the documentation. */
const maxChoices = 14;

/** What is wrong with the form of an option, in our words: a value is never shown, because it may be a secret. */
export function describeIssue({ type, input, expected, requirement }: BaseIssue<unknown>): string {
  if (type === 'never') return 'is no option here';
  if (input === undefined) return 'is missing';
  switch (type) {
    case 'string':
      return 'must be a text';
    case 'boolean':
      return 'must be true or false';
    case 'number':
      return 'must be a number';
    case 'integer':
      return 'must be a whole number';
    case 'array':
      return 'must be a list: […]';
    case 'record':
    case 'loose_object':
    case 'object_with_rest':
      return 'must be an object: { … }';
    case 'picklist':
      return oneOf(choicesOf(expected));
    case 'min_value':
      return `must be ${String(requirement)} or more`;
    case 'max_value':
      return `must be ${String(requirement)} or less`;
    case 'min_length':
      return 'must not be empty';
    case 'max_length':
      return `must have ${String(requirement)} items at most`;
    default:
      return 'does not have the form that this option needs';
  }
}

/** The texts that a list of choices offers, from how valibot names them: `("a" | "b")`. */
function choicesOf(expected: string | null): string[] {
  return (expected ?? '').replace(/^\(|\)$/g, '').split(' | ');
}

function oneOf(choices: readonly string[]): string {
  return choices.length > maxChoices
    ? 'is none of those that there are'
    : `must be one of ${choices.join(', ')}`;
}
