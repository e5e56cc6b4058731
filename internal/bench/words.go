package bench

// What the invented shop sells, and to whom.
var (
	pages      = []string{"Home", "Prodotto", "Categoria", "Carrello", "Cassa", "Spedizioni e resi", "Chi siamo", "Negozi"}
	products   = []string{"Tazzina da caffè", "Moka da tre tazze", "Lampada da tavolo", "Tovaglia in lino", "Vaso di terracotta", "Set di coltelli", "Cuscino a righe", "Specchio tondo", "Padella in ferro", "Candela alla lavanda"}
	categories = []string{"Cucina", "Soggiorno", "Camera", "Bagno", "Giardino", "Luce"}
	names      = []string{"Anna", "Luca", "Giulia", "Marco", "Sara", "Paolo", "Chiara", "Matteo", "Elena", "Davide"}
	cities     = []string{"Milano", "Roma", "Torino", "Napoli", "Bologna", "Firenze", "Bari", "Palermo"}
	agents     = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	}
)
