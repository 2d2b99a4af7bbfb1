/** What became of a request that the limiter judged: passed, refused, or passed only because its bucket observes. */
export type DecisionAction = 'allow' | 'block' | 'shadowBlock';

/** Every spelling of the `action` label: the handbook's, then the deployed one. */
export const actionSpellings = ['allowed', 'blocked', 'allow', 'block', 'shadow_block'] as const;

/** Every spelling of the `shadow` label: the handbook's, then the deployed one. */
export const shadowSpellings = ['true', 'false', 'True', 'False'] as const;

/** The bucket of series that deployed servers seed so that they exist; no request ever falls into it. */
export const seededBucket = 'bootstrap';

/**
 * The meaning of a decision's labels in either spelling. The handbook writes a shadow block as `blocked` with
 * shadow `true`, deployed servers as `shadow_block`. `null`: a spelling nobody knows, which must not be counted as any.
 */
export function actionOf(action: string, shadow: string): DecisionAction | null {
  const isShadow = shadow === 'true' || shadow === 'True';
  if (!isShadow && shadow !== 'false' && shadow !== 'False') return null;
  switch (action) {
    case 'allow':
    case 'allowed':
      return 'allow';
    case 'block':
    case 'blocked':
      return isShadow ? 'shadowBlock' : 'block';
    case 'shadow_block':
      return 'shadowBlock';
    default:
      return null;
  }
}
