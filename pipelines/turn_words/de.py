"""German word tables for the end of a turn."""

from pipelines.turn_words.table import Words, phrases, words

GERMAN = Words(
    postposed=True,
    verb_last=True,
    stalling=phrases("""
        moment | einen moment | ein moment | moment mal | warten sie | warte | mal sehen | lassen
        sie mich | sekunde | eine sekunde | augenblick | einen augenblick | sozusagen | wie heißt
        das | mal schauen | ich schaue | ich schau mal | ich guck mal | wie soll ich sagen
    """),
    dangling=words("""
        der den dem des ein eine einen einem einer eines mein meine meinen meinem meiner meines
        ihre ihren ihrem ihrer unser unsere unseren unserem unserer seine seinen seinem seiner
        kein keine keinen keinem keiner jeden jede jedem und oder aber weil dass daß ob wenn falls
        denn sondern obwohl während bevor nachdem sobald sowie entweder sowohl beziehungsweise
        also noch sehr ganz nur eigentlich herr frau zwar dessen deren welche welcher welches
        welchen auch
    """),
    determiners=words("""
        der die das den dem des ein eine einen einem einer mein meine meinen meinem meiner ihr
        ihre ihren unser unsere unseren unserem seine seinen kein keine keinen dieser diese dieses
    """),
    prepositions=words("""
        von für ohne gegen wegen zwischen seit bis in im am zum zur beim vom ins ans bei nach zu
        mit aus auf an ab um über unter vor hinter neben durch trotz statt als wie
    """),
    particles=phrases("""
        ruf rief fang fäng komm nehm nimm meld geb gib biet schau seh sieh hör zieh zahl mach
        schalt schließ leg frag : an | komm nehm nimm mach bring geh helf teil : mit | mach leg
        hör pass steh schreib füll : auf | mach seh sieht schalt fall fäll komm füll geh geb gib
        zieh lauf wirk : aus | hab hat hätt stell komm les lies schlag merk : vor | lauf sag hol
        fahr lehn schick heb gib : ab | hör schick sag stell lass stimm mach ruf geh trifft triff
        lauf gib reich : zu | schau seh frag denk lauf hol reich : nach | zieh tausch buch fall
        stell dreh steig schreib : um | bei trag : bei | führ les mach : durch | zug tag nacht :
        über
    """),
    auxiliaries=words("""
        ist sind war waren bin habe hab hat haben hatte hatten kann können könnte könnten möchte
        möchten will wollen wollte wollten muss müssen müsste soll sollte sollten darf dürfen
        würde würden werde wird werden wäre wären hätte hätten heiße lautet wohne brauche bräuchte
        suche kostet habt
    """),
    modals=words("""
        kann können könnte könnten möchte möchten will wollen wollte wollten muss müssen müsste
        soll sollte sollten darf dürfen würde würden werde wird werden kannst könntest
    """),
    bare=words("haben sein werden"),
    asides=phrases("ich glaube | ich denke"),
    yours=words("ihr ihre ihren ihrer sie"),
    calling=phrases("hier ist | ich bin | hier spricht"),
    subjects=words("ich wir er man"),
    pronouns=words("sie es du ihr ich wir er man"),
    needy=phrases("""
        hätte gern | hätte gerne | würde gern | würde gerne | ich wollte fragen | wollte fragen |
        sie mir | sie mir bitte | sie bitte | sie uns | geben sie | sagen sie | ich rufe | es geht
        | möchte gern | möchte gerne | und dann | ich habe gestern | ich interessiere mich | ich
        bin | kann ich | können sie | könnten sie | haben sie | ich suche | ich glaube | ich denke
        | ich dachte | so um | um halb | gegen halb | halb | viertel | die | für das | ich möchte
        bitte | mein name | mit der | auf das | in das | an das
    """),
    openers=words("""
        wenn falls weil da ob obwohl während bevor nachdem sobald seit solange
    """),
    links=words("dass ob"),
    measures=phrases("""
        wie viel | wie viele | um wie viel uhr | wie lange | wie oft | an welchem tag
    """),
    reasons=words("weil da"),
    leads=words("""
        ja nein also und aber okay ok oh gut so ach äh ähm hallo oder dann bitte
    """),
    asking=words("""
        was wo wann wer wen wem wie warum wieso weshalb welche welcher welches welchen wohin woher
        wieviel wofür womit worum wozu
    """),
    inverted=phrases("""
        ist | sind | war | haben | hat | habt | kann | können | könnten | könnte | darf | dürfte |
        soll | muss | gibt | geht | wird | werden | würden | hätten | wäre | bitte | sagen sie |
        geben sie | schicken sie | verbinden sie | rufen sie | möchten sie | nehmen sie | kostet |
        liefern sie | arbeiten sie | bieten sie | funktioniert | passt | stimmt | bin ich
    """),
    yes=words("""
        ja jawohl genau okay ok gern gerne richtig klar stimmt korrekt natürlich jo doch passt gut
        super perfekt prima
    """),
    no=words("nein nee nö nicht"),
    polite_ends=words("bitte"),
    polite=words("""
        bitte danke vielen dank schön sehr das ist wäre gern gerne so alles gut passt lieber nicht
        doch ich
    """),
    closings=phrases("""
        danke | vielen dank | danke schön | dankeschön | besten dank | danke sehr | auf
        wiederhören | auf wiedersehen | tschüss | tschüs | ciao | das war's | das war alles | das
        ist alles | das wäre alles | schönen tag noch | schönen tag | bis dann | bis bald |
        herzlichen dank
    """),
    greetings=phrases("""
        hallo | guten tag | guten morgen | guten abend | grüß gott | moin | servus | tag | ja
        hallo | ja guten tag | schönen guten tag | grüezi
    """),
    announcing=phrases("""
        eine frage | ein paar fragen | zwei fragen | mal eine frage | ein problem | noch etwas |
        noch was | folgendes | ein anliegen | eine bitte | folgendes problem | eine beschwerde |
        ein paar probleme | eine kurze frage | noch eine frage
    """),
    naming=phrases("mein name ist | ich heiße | am apparat | ich bin der | ich bin die"),
    listening=phrases("""
        mhm | hm | hmm | mm | aha | ja | okay | ok | genau | gut | ach so | achso | verstehe | ah
        | oh | ach | klar | stimmt | richtig | ich verstehe | alles klar | ah ja | na gut | super
        | prima | schön | ähm | äh | interessant | echt | wirklich | jaja | ja ja | ah okay | in
        ordnung | natürlich | sehr gut
    """),
    tally=phrases("ein | zwei | drei | vier | fünf | sechs | sieben | acht | neun"),
    digits=words("null eins ein zwei zwo drei vier fünf sechs sieben acht neun"),
    numbers=words("""
        zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig
        dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend doppel
    """),
    dots=words("punkt at minus bindestrich unterstrich strich klammeraffe"),
    numbered=words("""
        nummer telefonnummer rufnummer kundennummer bestellnummer auftragsnummer code handynummer
        pin kontonummer rechnungsnummer vertragsnummer ziffern iban
    """),
    postal=words("postleitzahl plz"),
    mail=words("mail email mailadresse emailadresse"),
    spelling=words("buchstabieren buchstabiert schreibt schreiben"),
    birth=words("geburtsdatum geboren geburtstag"),
    housed=words("adresse anschrift wohne wohnen straße wohnhaft"),
    named=words("name namen nachname heißen spreche"),
    counted=phrases("wie viele | wie viel | wieviele | wieviel | wie alt"),
    wanting=words("möchte hätte brauche nehme bestelle gerne gern"),
    helping=words("helfen geschehen passiert problem geht"),
)
