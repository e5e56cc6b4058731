package language

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	happy   = "😀😁😂😃😄😅😆😉😊😋😍😘😗😙😚😎😻😸😹😺😽😜😝😛😏💋💕💖💗💘💙💚💛💜💝💞💟💓❤♥♡💃🎊🎈🎁🌹🌺🌸☀🌈👑👌👍👏🎉🙏💪🔝✨😇🤗☺🥰🤩😌🙌⭐🌟💯🏆🥇🤣🤤🥳🧡🖤🤍🤎✌🤟🍀🍾🥂"
	unhappy = "😒😔😞😟😠😡😢😣😤😥😩😪😫😭😱💔👎😕🙁☹😑😐😶🤬🤮😖😰😳🤦🙄🤢😨😿💩😓😾😦😧😬😮😯😲😵👿👹☠💀🖕🤒🤕😷🤧🥴🤡🤥🐍"
	smiles  = `:) :-) =) ;) ;-) :] (: c: :D :-D =D ;D :') :'D :3 =3 <3 :* :-* ;* xD XD ^^ ^_^ ^-^ *-* *_* *.* *w* *o* *O* :P :-P :p ;P =P \o/ ♥_♥ &lt;3`
	frowns  = `:( :-( =( :[ :'( :/ :-/ =/ :\ :| :-| -.- -_- T_T T.T D: :S :-S :s >:( </3 :c >.< >_< ._. .-. -.-' -_-' :@ :O o_O O_o &gt;.&lt; &gt;:(`
)

// faceBook holds what people write faces with, by the first byte, the longest first.
var faceBook = sync.OnceValue(func() map[byte][]string {
	book := map[byte][]string{}
	for _, f := range strings.Fields(smiles + " " + frowns) {
		book[f[0]] = append(book[f[0]], f)
	}
	for _, list := range book {
		slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	}
	return book
})

var goodFaceSet = sync.OnceValue(func() map[string]bool { return wordSet(smiles) })

func goodFace(s string) bool { return goodFaceSet()[s] }

// faceAt gives the face of signs that text has at i, and how many bytes it takes
// with its last sign drawn out, as in ":)))"; "" where there is none.
func faceAt(text string, i int) (string, int) {
	for _, f := range faceBook()[text[i]] {
		if !strings.HasPrefix(text[i:], f) {
			continue
		}
		end := i + len(f)
		for end < len(text) && text[end] == f[len(f)-1] {
			end++
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[end:])
		lettered := inName(rune(f[0])) && i > 0 && inName(before)
		runsOn := end < len(text) && (inName(after) || after == '/') && !unicode.IsPunct(rune(f[len(f)-1]))
		if lettered || runsOn || f[len(f)-1] == '/' && end > i+len(f) {
			continue
		}
		return f, end - i
	}
	return "", 0
}
