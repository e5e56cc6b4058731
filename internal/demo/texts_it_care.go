package demo

func complaintsIT() phrasebook {
	return phrasebook{
		"complaint.where": {
			"{Buongiorno|Buonasera}, vorrei sapere dove si trova il mio ordine <ordine>. [attesa]",
			"Il tracciamento dell'ordine <ordine> è fermo da giorni. [attesa]",
			"L'ordine <ordine> doveva essere già qui. [attesa]",
			"Nessuna notizia del pacco <ordine>. [richiesta]",
			"Secondo il sito l'ordine <ordine> è in consegna, secondo me no. [richiesta]",
		},
		"attesa": {
			"Mi serviva per sabato.", "Ho bisogno di una data certa.", "Non posso restare a casa ogni mattina.",
			"È la seconda volta che succede.", "Se non arriva entro domani annullo.", "Capite che così non si può lavorare.",
		},
		"richiesta": {
			"Potete controllare?", "Resto in attesa di una risposta.", "Chiedo che qualcuno mi richiami.",
			"Vorrei parlare con una persona e non con un messaggio automatico.", "Grazie se potete verificare con il corriere.",
		},
		"complaint.late": {
			"L'ordine <ordine> è arrivato con <giorni> di ritardo. [danno]", "Ritardo di <giorni> sull'ordine <ordine>. [danno]",
			"Ho ricevuto il pacco, ma <giorni> dopo il previsto. [rimborso]", "Pagata la spedizione rapida, aspettati <giorni> in più. [rimborso]",
			"La consegna <ordine> è stata un disastro. [danno]",
		},
		"danno": {
			"Era un regalo e la festa è passata.", "Ho perso una mattina di lavoro.", "Mi aspetto almeno delle scuse.",
			"Sono cliente da anni e ci sono rimast<o> male.", "Non è questo il servizio che promettete.",
		},
		"rimborso": {
			"Chiedo il rimborso delle spese di spedizione.", "Vorrei sapere come pensate di rimediare.", "Mi spetta un rimborso?",
		},
		"complaint.broken": {
			"Nell'ordine <ordine> un pezzo è arrivato rotto: <prodotto>. [richiesta]", "Ho aperto il pacco e c'erano i cocci. Ordine <ordine>. [rimedio]",
			"<prodotto>: ammaccatura evidente su un lato. [rimedio]", "Il contenuto dell'ordine <ordine> è danneggiato, allego le foto. [rimedio]",
		},
		"rimedio": {
			"Vorrei la sostituzione.", "Preferisco il rimborso.", "Come devo fare per il reso?", "Passate voi a ritirarlo?",
		},
		"complaint.quality": {
			"<prodotto>: dopo pochi usi è già rovinato. [rimedio]", "Mi aspettavo una qualità diversa dall'ordine <ordine>. [rimedio]",
			"Non corrisponde a quanto descritto sul sito. [richiesta]",
		},
		"complaint.quality/cucina": {
			"<prodotto>: dopo pochi usi è già rovinato. [rimedio]", "Una parte si è staccata mentre cucinavo. Poteva finire male. [rimedio]",
			"Mi aspettavo una qualità diversa dall'ordine <ordine>. [rimedio]", "Non corrisponde a quanto descritto sul sito. [richiesta]",
		},
		"complaint.quality/stoffa": {
			"<prodotto>: al primo lavaggio si è ristretto. [rimedio]", "Ordine <ordine>, tessuto che stinge. [rimedio]",
			"Cuciture aperte dopo due settimane. [rimedio]", "Non corrisponde a quanto descritto sul sito. [richiesta]",
		},
		"complaint.broken/stoffa": {
			"<prodotto>: è arrivato con uno strappo. [rimedio]", "La busta dell'ordine <ordine> era bagnata e il contenuto è macchiato. [rimedio]",
		},
		"complaint.refund": {
			"Ho reso la merce dell'ordine <ordine> e il rimborso tarda. [richiesta]", "Il reso risulta ricevuto, i soldi no. [attesa.rimborso]",
			"Per pagare bastano due secondi, per riavere i soldi settimane. [attesa.rimborso]", "Chiedo a che punto è il rimborso di <ordine>. [richiesta]",
		},
		"attesa.rimborso": {"Sono passati troppi giorni.", "Attendo da più di una settimana.", "Le condizioni parlano di cinque giorni."},
		"complaint.rude": {
			"Nel negozio di <citta> sono stat<o> trattat<o> con sufficienza. [danno]", "Segnalo i modi di <addetto>, negozio di <citta>. [scorteso]",
			"Ieri a <citta> ho chiesto una taglia e mi è stato sbuffato in faccia. [scorteso]", "Il personale di <citta> era più interessato al telefono che ai clienti. [scorteso]",
		},
		"scorteso":     {"Non è da voi.", "Per questo sono uscit<o> senza comprare.", "Vorrei che se ne parlasse con chi di dovere.", "Spero sia stata una giornata storta."},
		"call.product": {"Chiede le misure: <prodotto>.", "Vuole sapere se è disponibile in negozio: <prodotto>.", "Informazioni su materiale e cura: <prodotto>.", "Chiede gli orari del sabato e se c'è parcheggio vicino."},
		"question.product": {
			"Buongiorno, <prodotto>: quali sono le misure esatte?", "Vorrei sapere dove viene fatto: <prodotto>.",
			"<prodotto>: quanto pesa? Dalla foto non si capisce.", "<prodotto>: c'è anche in un altro colore?", "<prodotto>: se ordino oggi arriva entro sabato?",
		},
		"question.product/cucina": {
			"Buongiorno, <prodotto>: quali sono le misure esatte?", "<prodotto>: va in lavastoviglie?", "<prodotto>: di che materiale è fatto, esattamente?",
			"<prodotto>: come si cura?", "Vorrei sapere dove viene fatto: <prodotto>.", "<prodotto>: se ordino oggi arriva entro sabato?",
		},
		"question.product/stoffa": {
			"<prodotto>: a quanti gradi si lava?", "<prodotto>: si restringe?", "Tra due misure, quale consigliate? <prodotto>.",
			"<prodotto>: il bianco è caldo o freddo?", "<prodotto>: è lino puro o misto?", "Buongiorno, <prodotto>: quali sono le misure esatte?",
		},
		"answer.product": {
			"Ecco tutti i dati, ora li aggiungiamo anche alla scheda.", "Ho chiesto in laboratorio, rispondo con le misure e una foto.", "Viene da un piccolo laboratorio, la filiera è tutta in Italia.",
			"Grazie della domanda, era un dettaglio che mancava.", "Ordinando entro mezzogiorno arriva di norma in tre giorni lavorativi.",
		},
		"call.where":   {"Chiede dove si trova l'ordine <ordine>.", "Sollecita la consegna di <ordine>.", "Vuole una data certa per <ordine>.", "Seconda chiamata per sapere del pacco.", "Il corriere dice una cosa, il sito un'altra: <ordine>.", "Era in casa tutto il giorno e nessuno ha suonato.", "Chiede di poter cambiare indirizzo di consegna per <ordine>."},
		"call.late":    {"Lamenta <giorni> di ritardo su <ordine>.", "Protesta per la consegna tardiva, tono acceso.", "Chiede le spese di spedizione indietro per il ritardo.", "Il pacco è arrivato dopo la festa a cui serviva.", "Vuole sapere perché nessuno ha avvisato del ritardo.", "Cliente da anni, si dice delusa dalla spedizione <ordine>."},
		"call.broken":  {"Segnala merce rotta: <prodotto>.", "Chiede la sostituzione di un pezzo danneggiato.", "Vuole sapere come rendere un articolo danneggiato.", "Pacco <ordine> arrivato aperto, contenuto rovinato."},
		"call.quality": {"Delusione sulla qualità: <prodotto>.", "Chiede se la garanzia copre l'usura.", "Articolo difforme dalla descrizione.", "Racconta che si è rovinato dopo pochi usi: <prodotto>."},
		"call.refund":  {"Chiede quando arriva il rimborso di <ordine>.", "Sollecita il rimborso, parla di tempi troppo lunghi.", "Il reso è tornato in magazzino da giorni, l'accredito no."},
		"call.rude":    {"Riferisce di un trattamento scortese nel negozio di <citta>.", "Si lamenta dei modi in negozio, chiede di parlare con la responsabile.", "Dice che a <citta> nessuno saluta."},
	}
}

func answersIT() phrasebook {
	return phrasebook{
		"answer.kind": {
			"[scuse] [azione] [chiusura]", "[scuse] [azione]", "[ascolto] [azione] [chiusura]", "[ascolto] [scuse] [azione]",
		},
		"scuse": {
			"Ci dispiace davvero per l'accaduto.", "Comprendiamo il disagio e chiediamo scusa.", "Non è il servizio che vogliamo dare.",
			"L'attesa è stata troppo lunga, la responsabilità è nostra.", "Grazie per la pazienza avuta finora.",
		},
		"ascolto": {
			"Grazie per averci scritto con tanta chiarezza.", "Abbiamo letto tutto con attenzione.", "La segnalazione è utile, l'abbiamo condivisa con il magazzino.",
			"È comprensibile essere delusi.",
		},
		"azione":         {"Ho aperto una verifica e richiamo io entro stasera."},
		"azione/where":   {"Il corriere ha confermato la consegna per domani entro le 13.", "Il pacco è ripartito dal deposito, lo seguo io fino alla consegna.", "Ho aperto una verifica e richiamo io entro stasera."},
		"azione/late":    {"Le spese di spedizione sono state riaccreditate.", "Abbiamo chiesto conto al corriere e rimborsato la spedizione.", "Nel prossimo pacco ci sarà un piccolo pensiero."},
		"azione/broken":  {"Un pezzo nuovo parte oggi stesso, senza spese.", "Il ritiro del pezzo rotto è gratuito, passiamo all'orario più comodo.", "Il rimborso è stato disposto questa mattina."},
		"azione/quality": {"Un pezzo nuovo parte oggi stesso, senza spese.", "Il ritiro del reso è gratuito, passiamo all'orario più comodo.", "Abbiamo mandato la foto al laboratorio e rimborsiamo l'importo."},
		"azione/refund":  {"Il rimborso è stato disposto questa mattina.", "L'accredito parte oggi e sarà visibile in due giorni.", "Ho parlato con l'amministrazione, il bonifico è in pagamento."},
		"azione/rude":    {"Ne abbiamo parlato con chi era in negozio quel giorno.", "La responsabile del negozio chiamerà di persona.", "Saremmo felici di rimediare con un caffè in negozio."},
		"chiusura":       {"Resto a disposizione.", "Per qualsiasi cosa risponda pure a questo messaggio.", "Un caro saluto.", "Grazie per la fiducia."},
		"answer.curt": {
			"Si prega di consultare le condizioni di vendita.", "La pratica è in lavorazione.", "Come da regolamento, non è previsto alcun rimborso.",
			"Segnalazione ricevuta.", "Per i resi usare il modulo.", "Non risultano anomalie.",
		},
		"answer.curt/where": {"Verificare il tracciamento sul sito.", "La spedizione è affidata al corriere, rivolgersi a lui.", "La pratica è in lavorazione."},
		"answer.curt/late":  {"Il ritardo dipende dal corriere.", "I tempi indicati non sono vincolanti.", "Come da regolamento, non è previsto alcun rimborso."},
		"answer.curt/rude":  {"Segnalazione ricevuta.", "Il personale ha seguito la procedura."},
	}
}
