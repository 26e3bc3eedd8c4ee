import { expect, test } from "vitest";
import { OwnPlaces } from "../../src/session/places.ts";

/** Takes a place for each of the users in turn; what each of them is told. */
function take(places: OwnPlaces, users: readonly string[], userMax: number) {
  const told: (number | string)[] = [];
  for (const user of users) places.take({ user, userMax }, (place) => told.push(place));
  return told;
}

test("places are numbered, and the last one is the last", () => {
  expect(take(new OwnPlaces(2), ["a", "a", "b"], 0)).toEqual([1, 2, "sessions_max"]);
});

test("a user may have fewer, without standing in the way of others", () => {
  const users = ["a", "a", "b"];
  expect(take(new OwnPlaces(9), users, 1)).toEqual([1, "sessions_per_user_max", 2]);
});

test("a place that is left is free, and its number is not given again", () => {
  const places = new OwnPlaces(2);
  take(places, ["a", "b"], 1);
  places.free("a");
  expect(take(places, ["b", "a", "c"], 1)).toEqual(["sessions_per_user_max", 3, "sessions_max"]);
  expect(places.levels).toEqual({ sessions_max: 2, sessions_per_user_max: 1 });
});
