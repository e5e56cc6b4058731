package language

import "strings"

// Languages that models know, most important first.
var Languages = []string{"it", "en", "fr", "de", "es"}

// turners are the words that turn the sense of those that follow, in all five
// languages: few of them mean anything else in another.
var turners = wordSet(`non no né mai senza neanche nemmeno neppure nessun nessuno nessuna niente nulla mica zero
	not never without don't doesn't didn't isn't aren't wasn't weren't won't can't couldn't wouldn't shouldn't nothing nobody neither nor dont cant
	ne pas jamais sans aucun aucune rien ni n'
	nicht kein keine keinen keiner keinem nie niemals ohne nichts weder
	nunca jamás sin ningún ninguna nada tampoco nadie`)

// strengtheners and weakeners change how much the next word counts.
var (
	strengtheners = wordSet(`molto molta molti molte tanto tanta troppo troppa assai davvero veramente proprio estremamente super così sempre tutto
		very really so too extremely absolutely totally always all
		très vraiment trop tellement extrêmement toujours tout
		sehr wirklich zu so extrem total immer ganz
		muy mucho mucha demasiado realmente tan siempre todo`)
	weakeners = wordSet(`poco poca pochi abbastanza quasi piuttosto un-po'
		little bit somewhat rather quite almost fairly
		peu assez plutôt presque
		wenig etwas ziemlich fast
		poco bastante algo casi`)
)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// reach is over how many words a negation reaches, as long as no punctuation
// comes between.
const reach = 3

// negated tells which tokens stand in the reach of a negation.
func negated(list []token) []bool {
	out := make([]bool, len(list))
	left := 0
	for i, t := range list {
		switch {
		case t.kind == punctuation:
			left = 0
		case turners[t.text]:
			left = reach
		case left > 0:
			out[i] = true
			left--
		}
	}
	return out
}
