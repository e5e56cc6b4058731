package demo

import "strings"

func words(s string) []string { return strings.Fields(s) }

func womenIT() []string {
	return words(`Adele Agnese Alba Alessia Amalia Anna Antonella Arianna Beatrice Benedetta Bianca Camilla Carla Caterina
		Cecilia Chiara Clara Claudia Cristina Daniela Donatella Elena Elisa Emma Erika Federica Fiorella Francesca Gaia Gabriella
		Giada Giorgia Giovanna Giulia Giuseppina Greta Ilaria Irene Lara Laura Letizia Lidia Lucia Luisa Maddalena Mara Margherita
		Maria Marina Marta Martina Matilde Michela Miriam Monica Nadia Nicoletta Olga Paola Patrizia Raffaella Rita Roberta Rosa
		Sabrina Sara Serena Silvia Simona Sofia Sonia Stefania Susanna Teresa Valentina Valeria Vera Veronica Viola Virginia`)
}

func menIT() []string {
	return words(`Alberto Aldo Alessandro Alessio Andrea Angelo Antonio Arturo Bruno Carlo Claudio Corrado Cosimo Daniele Dario
		Davide Diego Domenico Edoardo Elia Emanuele Enrico Ettore Fabio Fabrizio Federico Filippo Francesco Gabriele Giacomo Gianluca
		Giorgio Giovanni Giulio Giuseppe Guido Jacopo Leonardo Lorenzo Luca Luciano Luigi Manuel Marcello Marco Mario Massimo Matteo
		Maurizio Mauro Michele Mirko Nicola Paolo Pasquale Pietro Raffaele Riccardo Roberto Rocco Salvatore Samuele Sergio Simone
		Stefano Tiziano Ugo Umberto Valerio Vincenzo Vito Vittorio`)
}

func surnamesIT() []string {
	return words(`Abbate Albanese Amato Antonelli Arena Barbieri Barone Basile Battaglia Bellini Benedetti Bernardi Bertolini
		Bianchi Bianco Brambilla Bruni Bruno Calabrese Caputo Carbone Caruso Castelli Cattaneo Cavallaro Ceccarelli Colombo Conte
		Conti Coppola Costa Costantini Damico DeLuca DeRosa DeSantis Donati Esposito Fabbri Farina Ferrara Ferrari Ferretti Ferri
		Fontana Franchi Fumagalli Fusco Galli Gallo Garofalo Gatti Gentile Giordano Grassi Grasso Greco Grimaldi Guerra Guidi Landi
		Leone Lombardi Lombardo Longo Mancini Mantovani Marchetti Mariani Marini Marino Martinelli Martini Mazza Melis Messina
		Milani Monti Morelli Moretti Negri Neri Orlando Pace Pagano Palmieri Palumbo Parisi Pellegrini Pepe Piras Poli Ricci Rinaldi
		Riva Rizzi Rizzo Romano Rossetti Rossi Ruggiero Russo Sala Sanna Santini Santoro Sartori Serra Silvestri Sorrentino Testa
		Valente Valentini Villa Villani Vitale Vitali Volpe Zanella Zanetti Zani`)
}

func namesEN() []string {
	return words(`Alice Amelia Charlotte Daisy Eleanor Emily Grace Hannah Isla Jessica Lucy Molly Olivia Phoebe Sophie
		Adam Arthur Ben Charlie Daniel Edward George Harry Jack James Oliver Oscar Sam Thomas William`)
}

func surnamesEN() []string {
	return words(`Adams Bailey Baker Bennett Brooks Carter Clarke Cole Cooper Davies Ellis Evans Fisher Foster Green Hall
		Harris Hughes Jackson Kelly King Marsh Mills Morgan Murray Palmer Parker Porter Reed Rogers Shaw Stone Turner Walsh Ward
		Watson Webb Wood Wright Young`)
}

// citiesWithout have no shop of ours.
func citiesWithout() []string {
	return []string{"Torino", "Genova", "Padova", "Verona", "Firenze", "Roma", "Napoli", "Perugia", "Ancona", "Trento", "Udine",
		"Pisa", "Parma", "Pescara", "Salerno", "Lecce", "Cosenza", "Catania", "Palermo", "Cagliari", "Bergamo", "Brescia", "Rimini"}
}

func streets() []string {
	return []string{"via dei Mandorli", "via del Pozzo Vecchio", "viale dei Gelsi", "piazza della Fontanella", "via delle Rondini",
		"via Orto dei Frati", "vicolo del Fornaio", "via dei Vasai", "corso dell'Acquedotto", "via delle Quattro Lune",
		"largo dei Tigli", "via della Filanda", "salita dei Carretti", "via del Mulino Nuovo", "via dei Cordai"}
}

func streetsEN() []string {
	return []string{"Mill Pond Lane", "Orchard Row", "Kiln Street", "Weaver's Yard", "Old Ferry Road", "Larkfield Close"}
}
