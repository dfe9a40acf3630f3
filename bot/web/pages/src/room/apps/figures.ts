// Left halves of figures, 8 by 16 squares each; the right halves mirror them.
// o outline, a main colour, b second, c third, e eye, s skin, w white.

export const KINDS: Record<string, readonly string[]> = {
  cat: [
    "........", ".oo.....", ".oao....", ".oaaoooo", ".oaaaaaa", "oaaaaaaa", "oaawwaaa", "oaaweaaa",
    "oaaaaaac", ".oaaaaab", "..oooaaa", "...oaaab", "..oaaabb", "..oaaabb", "..oaoaab", "..ooo.oo",
  ],
  dog: [
    "........", "....oooo", "..ooaaaa", ".obaaaaa", "obbaaaaa", "obbawwaa", "obbaweaa", "obboaaaw",
    ".oo.oaww", "....oawe", "....oaww", ".....ooo", "....oaab", "...oaabb", "...oaoab", "...ooooo",
  ],
  robot: [
    ".......c", ".......o", "...ooooo", "..oaaaaa", "..oabbbb", "..oabccb", "..oabccb", "..oabbbb",
    "..oaaaoo", "...ooooo", ".oooaaaa", "oboaaccc", "oboaacbb", "oo.oaaaa", "...obo..", "...ooo..",
  ],
  ghost: [
    "........", "....oooo", "..ooaaaa", ".oaaaaaa", ".oaaaaaa", "oaaaeeaa", "oaaaeeaa", "oaaaeeaa",
    "oabaaaaa", "oaaaaaee", "oaaaaaee", "oaaaaaaa", "oaaaaaaa", "oaaoaaao", "oao.oao.", "oo...o..",
  ],
  wizard: [
    ".......o", "......oa", ".....oaa", ".....oac", "....oaca", "...oaaaa", ".ooooooo", "..osssss",
    "..ossess", "..osssss", "..owwwww", ".oaowwww", "oaaaowww", "oaaaaoww", "obaaaaoc", ".ooooooo",
  ],
  knight: [
    ".......c", "......oc", "....oooo", "...oaaaa", "..oaaaaa", "..oaoooo", "..oaowoo", "..oaoooo",
    "..oaaoao", "...oooao", ".oobbbbb", "oaobbbcb", "oaobbccc", "oo.obbcb", "...oaoob", "..ooooo.",
  ],
  dragon: [
    "..o.....", "..oo....", "...oaooo", "...oaaaa", "..oaawwa", "..oaawea", "..oaaaaa", "...oaaea",
    "o...obbb", "oo..oaaa", "oco.oabb", "occooabb", ".occoabb", "..oooaaa", "...oaaoa", "...oooo.",
  ],
  bird: [
    "........", "..oo....", "..oaoooo", "..oaaaaa", ".oaawwwa", ".oawwwwa", ".oawweea", ".oawwwwc",
    ".oaawwcc", ".oaaaaac", "oaabbbbb", "oaabwbwb", ".oabbbbb", ".oaabbbb", "..ooaaaa", "....oco.",
  ],
  fish: [
    "........", ".......o", "......oc", "....oooo", "...oaaaa", "..oaaaaa", ".oaawwaa", "ooaaweaa",
    "ocaaaaaa", "occaaaac", "ocoaaabb", "oo.oabbb", "....oabb", ".....oob", "......oc", ".......o",
  ],
  tree: [
    "........", "......oo", "....ooaa", "...oaaaa", "..oaabaa", ".oaaaaab", ".oaabaaa", "oaaaaaab",
    "oabaaaaa", ".oaaabaa", "..oooaaa", ".....ooo", "......oc", "......oc", ".....occ", "....oooo",
  ],
};

/** The words that mean a kind. */
export const WORDS: Record<string, string> = {
  ...Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, kind])),
  ...{ kitten: "cat", kitty: "cat", tiger: "cat", lion: "cat", fox: "cat", panther: "cat", katze: "cat" },
  ...{ puppy: "dog", wolf: "dog", bear: "dog", hound: "dog", hund: "dog" },
  ...{ android: "robot", droid: "robot", machine: "robot", roboter: "robot" },
  ...{ spirit: "ghost", spook: "ghost", phantom: "ghost", geist: "ghost" },
  ...{ witch: "wizard", mage: "wizard", sorcerer: "wizard", magician: "wizard", merlin: "wizard" },
  ...{ warrior: "knight", paladin: "knight", soldier: "knight", ritter: "knight" },
  ...{ drake: "dragon", dinosaur: "dragon", lizard: "dragon", wyvern: "dragon", drache: "dragon" },
  ...{ owl: "bird", parrot: "bird", eagle: "bird", chicken: "bird", penguin: "bird", raven: "bird" },
  ...{ shark: "fish", whale: "fish", goldfish: "fish", fisch: "fish" },
  ...{ plant: "tree", bush: "tree", forest: "tree", baum: "tree" },
};
