"""French word tables for the end of a turn."""

from pipelines.turn_words.table import Words, phrases, words

FRENCH = Words(
    elides=True,
    stalling=phrases("""
        attendez | un instant | une seconde | un moment | attends | voyons | laissez moi | une
        minute | je réfléchis | comment dire | vous savez | enfin | ben | bon | alors | donc | un
        petit instant | je regarde | c est à dire
    """),
    dangling=words("""
        le la les un une des du mon ma mes ton ta tes son sa ses notre votre vos nos leur leurs ce
        cet cette ces chaque au aux je j tu me te se m t s l d qu n c et ou mais car que qui
        puisque comme si quand lorsque ni très trop monsieur madame dont parce aussi afin rue
        avenue
    """),
    determiners=words("""
        le la les un une des du mon ma mes son sa ses notre votre cette cet ce l
    """),
    prepositions=words("""
        de à en dans avec pour sans sur sous chez par entre vers contre depuis pendant jusqu selon
    """),
    auxiliaries=words("""
        est sont suis êtes sommes était étais étaient ai as a avons avez ont avait avais peux peut
        pouvez pourriez voudrais veux voulais vais va faut dois serai serons seront serait sera
        aimerais cherche habite voudrait souhaite souhaiterais
    """),
    modals=words("peux peut pouvez pourriez voudrais veux voulais vais va faut dois"),
    asides=phrases("je pense | je crois"),
    yours=words("votre vos vous ton"),
    calling=phrases("ici | je suis"),
    subjects=words("je j tu on ils"),
    pronouns=words("vous nous il elle on ils elles je ce"),
    needy=phrases("""
        je voulais savoir | pouvez vous | pourriez vous | avez vous | est ce que vous | je
        voudrais réserver | dites moi | donnez moi | me dire | me donner | j appelle | je vous
        appelle | je m appelle | mon nom | je pense | je crois | en train | j aurais voulu | je
        vais prendre | vous me | est ce que | je n ai pas | je ne suis pas | ce n est pas | que
        vous | si vous | quand vous | et puis | la prochaine | le prochain | la même | le même |
        un autre | une autre | est ce que je | que je | vers les | à partir | au lieu | à cause |
        à côté | il y
    """),
    openers=words("si quand lorsque parce comme puisque dès pendant"),
    links=words("que"),
    measures=phrases("quelle heure | combien de temps | quel jour | à quelle heure"),
    reasons=words("parce comme puisque"),
    leads=words("""
        oui non et mais bon alors donc ben euh bonjour d accord ou ah oh merci
    """),
    asking=words("où comment combien pourquoi quel quelle quels quelles quoi qui quand"),
    inverted=phrases("""
        est ce | avez vous | pouvez vous | pourriez vous | puis je | est il | y a t | peut on |
        pouvons nous | êtes vous | qu est | que | dites moi | donnez moi | passez moi | rappelez
        moi | envoyez moi | faites | je peux | on peut | vous avez | vous pouvez | vous pourriez |
        auriez vous | savez vous | serait il | faut il | livrez vous | ouvrez vous | acceptez vous
        | annulez | il y a | vous êtes
    """),
    yes=words("""
        oui ouais si exactement exact voilà parfait bien d accord ok okay volontiers absolument
    """),
    no=words("non pas jamais"),
    polite_ends=words("plaît"),
    polite=words("""
        merci s il vous plaît te beaucoup bien sûr avec plaisir c est ça tout à fait du
    """),
    closings=phrases("""
        merci | merci beaucoup | au revoir | merci bien | c est tout | bonne journée | à bientôt |
        ce sera tout | bonne soirée | je vous remercie | merci à vous | rien d autre | salut
    """),
    greetings=phrases("""
        bonjour | allô | bonsoir | salut | bonjour madame | bonjour monsieur | oui bonjour | allô
        bonjour
    """),
    announcing=phrases("""
        une question | des questions | deux questions | un problème | un souci | autre chose | une
        petite question | encore une chose | une demande | une réclamation | quelques questions
    """),
    naming=phrases("""
        je m appelle | mon nom est | à l appareil | je suis madame | je suis monsieur | de la part
        de
    """),
    listening=phrases("""
        mm | mhm | hm | hum | ah | oh | oui | ouais | d accord | ok | okay | je vois | très bien |
        bien sûr | ah bon | ah oui | bien | parfait | exact | voilà | entendu | je comprends | euh
        | c est ça | oui oui | super | d accord d accord | tout à fait
    """),
    tally=phrases("un | deux | trois | quatre | cinq | six | sept | huit | neuf"),
    digits=words("zéro un deux trois quatre cinq six sept huit neuf"),
    numbers=words("""
        dix onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante
        septante huitante nonante cent mille double
    """),
    dots=words("point arobase arrobase tiret slash underscore"),
    numbered=words("numéro téléphone code pin chiffres compte référence portable"),
    postal=words("postal"),
    mail=words("mail email courriel"),
    spelling=words("épeler épelez épelle écrit écrivez"),
    birth=words("naissance né née anniversaire"),
    housed=words("adresse habite rue habitez domicile"),
    named=words("nom prénom appelez"),
    counted=phrases("combien"),
    wanting=words("voudrais veux prends prendrai souhaite"),
    helping=words("aider aide passe problème arrive"),
)
