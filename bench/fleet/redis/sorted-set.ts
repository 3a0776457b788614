/** A set of names by their scores, where no score that is added is below those that are there. */
export interface SortedSet {
  add(name: string, score: number): void;
  has(name: string): boolean;
  size(): number;
  /** The score of the member that has so many before it. */
  scoreAt(index: number): number;
  removeBelow(score: number): void;
  /** The names above the score, in the order of their addition; null if there are more than so many. */
  above(score: number, most: number): string[] | null;
}

interface Member {
  readonly name: string;
  readonly score: number;
}

/** So many members that are gone may stay in front of the others. */
const SLACK = 1_000;

export function makeSortedSet(): SortedSet {
  /** A member that was added again, or is before `head`, is not the present one of its name. */
  let members: Member[] = [];
  let head = 0;
  const present = new Map<string, Member>();
  const isPresent = (member: Member | undefined): member is Member =>
    member !== undefined && present.get(member.name) === member;

  return {
    add(name, score) {
      const member = { name, score };
      members.push(member);
      present.set(name, member);
    },
    has: (name) => present.has(name),
    size: () => present.size,
    scoreAt(index) {
      let before = 0;
      for (let at = head; at < members.length; at++) {
        const member = members[at];
        if (isPresent(member) && before++ === index) return member.score;
      }
      throw new RangeError('the set has no such member');
    },
    removeBelow(score) {
      for (let first = members[head]; first && first.score < score; first = members[++head])
        if (isPresent(first)) present.delete(first.name);
      if (head <= SLACK || head <= members.length / 2) return;
      members = members.slice(head);
      head = 0;
    },
    above(score, most) {
      const names: string[] = [];
      for (let at = members.length - 1; at >= head; at--) {
        const member = members[at];
        if (!member || member.score <= score) break;
        if (!isPresent(member)) continue;
        if (names.length === most) return null;
        names.push(member.name);
      }
      return names.toReversed();
    },
  };
}
