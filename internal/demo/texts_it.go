package demo

import "maps"

// italian is what people say, and what they are answered.
func italian() phrasebook {
	b := reviewsIT()
	maps.Copy(b, complaintsIT())
	maps.Copy(b, answersIT())
	return b
}

func reviewsIT() phrasebook {
	return phrasebook{
		"review.great": {
			"[elogio] [consegna.bene] [saluto]",
			"[elogio] [uso.bene]",
			"[consegna.bene] [elogio]",
			"[uso.bene] [consegna.bene]",
			"[scheda.bene] [elogio] [saluto]",
		},
		"elogio": {
			"<prodotto>: proprio come speravo.",
			"Ho preso <prodotto> e sono {content<o>|molto content<o>} della scelta.",
			"Fatto bene, si sente già tenendolo in mano.",
			"Rapporto tra qualità e prezzo davvero giusto.",
			"Materiali onesti, niente fronzoli.",
			"È il terzo acquisto e la qualità non cambia.",
			"Bello da vedere e comodo da usare ogni giorno.",
			"Regalato a mia madre, che è di gusti difficili: approvato.",
			"Finiture curate anche dove non si vedono.",
			"In casa ormai litighiamo per usarlo.",
			"Cercavo qualcosa che durasse e credo di averlo trovato.",
		},
		"consegna.bene": {
			"Arrivato nel giorno promesso, imballo di cartone ben pensato.",
			"Consegna puntuale, il corriere ha pure suonato due volte.",
			"Spedizione rapida e pacco intatto.",
			"Ordinato lunedì, in casa prima del fine settimana.",
			"Tutto nei tempi, con il messaggio che avvisava dell'arrivo.",
			"Scatola senza plastica, cosa che apprezzo.",
		},
		"uso.bene": {
			"Lo uso da {due settimane|qualche giorno|un mese} e non ha un difetto.",
			"Si pulisce in un attimo.",
			"Pratico, e occupa poco posto.",
			"Dopo qualche mese è ancora come il primo giorno.",
		},
		"uso.bene/cucina": {
			"Lo uso da {due settimane|qualche giorno|un mese} e non ha un difetto.",
			"Si pulisce in un attimo.",
			"Già provato la domenica con tutta la famiglia, promosso.",
			"La prima cena tra amici è stata la prova, superata.",
			"Pratico, e occupa poco posto nel pensile.",
		},
		"uso.bene/stoffa": {
			"Lavato più volte, è rimasto come nuovo.",
			"Si stira con facilità e prende una bella piega.",
			"Morbido già dal primo lavaggio.",
			"Fresco d'estate, proprio quello che cercavo.",
			"Trama fitta, non traspare.",
		},
		"scheda.bene": {
			"La descrizione diceva tutto, misure comprese.",
			"Foto fedeli: il colore è quello.",
			"Le istruzioni per la cura erano chiare e complete.",
			"Sul sito c'erano peso e misure, così ho scelto senza dubbi.",
		},
		"saluto": {
			"Ordinerò ancora.", "Consiglio a chi cucina spesso.", "Grazie a chi prepara i pacchi.", "Alla prossima.",
			"Ne ho parlato anche a una vicina.", "Cinque stelle meritate.",
		},
		"review.good": {
			"[elogio] [ma]", "[consegna.bene] [ma]", "[uso.bene] [ma]", "[scheda.bene] [ma]",
		},
		"ma": {
			"Tolgo una stella per il prezzo della spedizione.",
			"Mi aspettavo qualcosa di leggermente più grande.", "La confezione regalo potrebbe essere più curata.",
			"Manca solo un foglio con due consigli d'uso.", "Il colore è più scuro che in foto, ma va bene.",
			"Peccato che non ci fosse in altri colori.", "Avrei preferito poter scegliere l'orario di consegna.",
		},
		"ma/cucina": {
			"Unico appunto, pesa un po' più del previsto.", "Tolgo una stella per il prezzo della spedizione.",
			"Manca solo un foglio con due consigli d'uso.", "Il bordo si poteva rifinire meglio.", "Avrei voluto sapere prima che va lavato a mano.",
			"La confezione regalo potrebbe essere più curata.",
		},
		"ma/stoffa": {
			"Il colore è più scuro che in foto, ma va bene.", "Al primo lavaggio perde un po' di pelucchi.", "Veste un filo abbondante.",
			"Peccato che non ci fosse in altri colori.", "Si sgualcisce facilmente, ma è nella natura del lino.", "Tolgo una stella per il prezzo della spedizione.",
		},
		"review.late": {
			"[ritardo] [ritardo.effetto]", "[ritardo] [salva]", "[salva] [ritardo]", "[ritardo] [silenzio]",
		},
		"ritardo": {
			"Consegnato con <giorni> di ritardo.", "Promesso in tre giorni, arrivato <giorni> dopo.",
			"Il pacco è rimasto fermo in un deposito, in tutto <giorni> oltre la data.",
			"<giorni> di ritardo e nessuna spiegazione.", "La data di consegna è slittata di <giorni>.",
			"Ho aspettato a casa il giorno sbagliato: <giorni> di ritardo.", "Corriere in ritardo di <giorni>, di nuovo.",
		},
		"ritardo.effetto": {
			"Era un regalo di compleanno, ormai inutile.", "Ho dovuto comprarne un altro sotto casa.",
			"La cena per cui serviva è già passata.", "Avevo preso un permesso dal lavoro per riceverlo.",
			"Per me la puntualità conta quanto il prodotto.", "La prossima volta ci penserò due volte.",
		},
		"salva": {
			"Il prodotto in sé è buono.", "Sull'oggetto niente da dire.", "Almeno è arrivato integro.",
			"<prodotto>: bello, questo sì.",
		},
		"silenzio": {
			"Avrei gradito un avviso.", "Nessuno che rispondesse al telefono.", "Il tracciamento è rimasto sempre uguale.",
			"Ho dovuto scrivere io per avere notizie.",
		},
		"review.unclear": {
			"[scheda.male] [scheda.effetto]", "[scheda.male]", "[scheda.male] [salva]",
		},
		"scheda.male": {
			"Nella scheda mancavano le misure.", "La foto inganna, dal vivo è molto più piccolo.",
			"Il materiale non è quello che si capisce dal sito.", "Descrizione di due righe: si compra al buio.",
			"Il colore reale è diverso da quello mostrato.",
		},
		"scheda.male/cucina": {
			"Nella scheda mancavano le misure.", "Non era scritto che non va in lavastoviglie.", "Dal sito non si capisce quanto è capiente.",
			"Descrizione di due righe: si compra al buio.", "Nessuna parola su come si cura, e l'ho già macchiato.",
			"La foto inganna, dal vivo è molto più piccolo.",
		},
		"scheda.male/stoffa": {
			"Il colore reale è diverso da quello mostrato.", "Le misure non corrispondono alla tabella.", "Non era scritto a quanti gradi si lava.",
			"Sul sito sembrava tutto lino, l'etichetta dice altro.", "Nessuna foto da vicino della trama.",
		},
		"scheda.effetto": {
			"Con qualche informazione in più non l'avrei preso.", "Lo rendo.", "Servirebbero più foto.", "Mi sono dovut<o> arrangiare.",
			"Ho chiesto in chat e nemmeno loro sapevano.",
		},
		"review.quality": {
			"[qualita.male] [qualita.effetto]", "[qualita.male]", "[consegna.bene] [qualita.male]",
		},
		"qualita.male": {
			"Dopo {due settimane|un mese} si vedono già i segni.", "<prodotto>: mi aspettavo altro per questo prezzo.",
			"Fatto in economia, si sente.", "Non sta in piano.",
		},
		"qualita.male/cucina": {
			"Dopo {due settimane|un mese|dieci lavaggi} si vedono già i segni.", "Si è graffiato al secondo uso.",
			"Sembra più leggero di quello di una volta.", "<prodotto>: mi aspettavo altro per questo prezzo.", "Si macchia solo a guardarlo.",
			"Finitura ruvida in più punti.",
		},
		"qualita.male/stoffa": {
			"Dopo tre lavaggi si vedono già i segni.", "Cuciture che si aprono.", "Si è ristretto, e sì che ho seguito l'etichetta.",
			"Tessuto sottile, la luce ci passa.", "<prodotto>: mi aspettavo altro per questo prezzo.", "Ha stinto al primo bucato.",
		},
		"qualita.effetto": {
			"Peccato, l'idea era buona.", "A questo prezzo è troppo poco.", "Una volta la qualità era un'altra.", "Non lo ricomprerei.",
			"Spero sia solo un pezzo riuscito male.",
		},
		"review.broken": {
			"Arrivato rotto. [rotto]", "Il pacco era aperto da un lato e dentro c'erano i cocci. [rotto]",
			"Una parte era ammaccata. [rotto]", "Scheggiato sul bordo appena tolto dalla scatola. [rotto]",
		},
		"review.broken/stoffa": {
			"Arrivato con uno strappo. [rotto.stoffa]", "Pacco bagnato, e dentro una macchia che non va via. [rotto.stoffa]",
			"Una cucitura aperta appena tolto dalla busta. [rotto.stoffa]",
		},
		"rotto.stoffa": {"Busta troppo sottile.", "Aspetto di sapere come si rimedia.", "Peccato, perché il tessuto era bello."},
		"rotto": {
			"Imballo troppo leggero per un oggetto così.", "Aspetto di sapere come si rimedia.", "Nessuna imbottitura sui lati.",
			"Peccato, perché era bello.",
		},
		"review.shop.kind": {
			"Ci ha seguito <addetto>, con una pazienza rara.", "Nel negozio di <citta> spiegano tutto senza fretta. [negozio.torno]",
			"<addetto> ha capito al volo che cosa cercavo. [negozio.torno]", "Persone gentili, e si può toccare tutto. [negozio.torno]",
			"Ero entrat<o> per guardare, <addetto> mi ha raccontato come si cura il ferro.", "A <citta> si viene accolti con un sorriso vero.",
			"Cambio fatto in due minuti, senza domande. Brava gente.",
		},
		"negozio.torno": {"Tornerò.", "Ci torno di sicuro sabato.", "Vale il giro in centro.", "Ho già portato un'amica."},
		"review.shop.plain": {
			"Negozio ben fornito a <citta>, servizio nella norma.", "Belle cose, personale un po' di corsa.",
			"Bella vetrina, alla cassa si aspetta.", "Si trova tutto, meno qualcuno che consigli.",
		},
		"review.shop.cold": {
			"A <citta> nessuno ha alzato gli occhi dal banco.", "Ho chiesto un consiglio e <addetto> ha risposto di guardare sul sito.",
			"Trattat<o> come un disturbo. [negozio.addio]", "Dieci minuti in attesa con il negozio vuoto. [negozio.addio]",
			"Modi sbrigativi, peccato perché le cose sono belle.", "Tono seccato alla richiesta di un cambio. [negozio.addio]",
		},
		"negozio.addio": {"Non ci rimetto piede.", "Comprerò altrove.", "La gentilezza non costa niente."},
		"nps.promoter": {
			"Sempre puntuali e gentili.", "Cose belle che durano.", "Mi fido, ed è raro.", "Ne parlo spesso con le amiche.",
			"Assistenza che risponde davvero.", "Mai un problema in due anni.",
		},
		"nps.passive": {
			"Tutto bene, niente di speciale.", "Buoni prodotti, sito un po' lento.", "Spedizione cara sotto i cinquanta euro.",
			"Nella media, con qualche bella sorpresa.", "Vorrei più scelta di taglie.",
		},
		"nps.late": {
			"La consegna: <giorni> di ritardo.", "Non si può aspettare così una padella.", "Promettete tre giorni e non sono tre.",
			"Il corriere non avvisa mai.",
		},
		"nps.detractor": {
			"Qualità scesa rispetto a prima.", "Assistenza difficile da raggiungere.", "Descrizioni troppo scarne.",
			"Mi avete fatto perdere tempo.", "Prezzi saliti, cura no.", "Troppe e-mail, poche risposte.",
		},
		"mention.good": {
			"Il mio angolo caffè adesso è completo, grazie a Ramelino.", "Domenica di pane fatto in casa con la spianatoia nuova di Ramelino.",
			"Entrata da Ramelino per uno strofinaccio, uscita con mezza cucina. Nessun rimorso.",
			"Se cercate una tovaglia di lino vera, da Ramelino c'è.", "Tavola di stasera, piatti di @ramelino.",
			"Al negozio di Bologna di Ramelino mi trattano come una di casa.",
		},
		"mention.bad": {
			"Qualcuno ha notizie dei pacchi di Ramelino? Il mio è disperso.", "Bello Ramelino, ma l'assistenza è un muro di gomma.",
			"Terza volta che chiamo @ramelino per lo stesso ordine.", "Ramelino, una scheda prodotto con le misure sarebbe un lusso?",
			"Il pacco di Ramelino è arrivato, il contenuto in pezzi.", "Aspettando Ramelino, atto terzo.",
		},
		"mention.question": {
			"Le padelle in ferro di Ramelino vanno sull'induzione?", "Ramelino fa anche i saldi in negozio o solo sul sito?",
			"Qualcuno ha provato il copripiumino in lino di Ramelino? Stira o non stira?", "Il negozio Ramelino di Milano è aperto la domenica di dicembre?",
			"Meglio la caffettiera da tre o da sei di Ramelino per due persone?",
		},
	}
}
